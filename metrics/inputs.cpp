// SPDX-License-Identifier: Apache-2.0
#include "metrics/inputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kVersion = "1";

// The sum of a row is finite unless one of its values is not, or it overflows. In blocks, since a
// sum in f64 copies its f32 rows.
bool sums_are_finite(const at::Tensor& rows) {
  constexpr std::int64_t kBlock = 4096;
  for (const auto& block : rows.split(kBlock)) {
    if (!at::isfinite(block.sum(1, false, at::kDouble)).all().item<bool>()) return false;
  }
  return true;
}

void check(const at::Tensor& tensor, std::int64_t dimensions, const InputName& name) {
  if (!tensor.defined()) {
    throw Error(
        fmt::format("{}: the {} input is absent; this metric cannot be taken of such a "
                    "model or file",
                    name.metric, name.input));
  }
  if (tensor.dim() != dimensions) {
    throw Error(fmt::format("{}: the {} input has {} dimensions instead of {}", name.metric,
                            name.input, tensor.dim(), dimensions));
  }
  if (tensor.size(0) < 2 || tensor.numel() == 0) {
    throw Error(fmt::format("{}: the {} input holds {} row{}, at least 2 are needed", name.metric,
                            name.input, tensor.size(0), tensor.size(0) == 1 ? "" : "s"));
  }
  const auto rows = tensor.reshape({tensor.size(0), -1});
  if (sums_are_finite(rows)) return;
  const auto finite = at::isfinite(rows).all(1);
  if (!finite.all().item<bool>()) {
    const auto bad = finite.logical_not();
    throw Error(
        fmt::format("{}: the {} input holds values that are not finite in {} of {} rows, "
                    "first in row {}; the model diverged or the file is damaged",
                    name.metric, name.input, bad.sum().item<std::int64_t>(), rows.size(0),
                    bad.to(at::kInt).argmax().item<std::int64_t>()));
  }
}

at::Tensor in_double(const at::Tensor& tensor) {
  return tensor.to(at::kCPU, at::kDouble).contiguous();
}

}  // namespace

at::Tensor checked_rows(const at::Tensor& rows, const InputName& name) {
  check(rows, 2, name);
  return in_double(rows);
}

at::Tensor checked_values(const at::Tensor& values, const InputName& name) {
  check(values, 1, name);
  return in_double(values);
}

FeaturePair stored_features(const MetricInputs& inputs, std::string_view metric) {
  FeaturePair pair{inputs.features.generated, inputs.features.reference};
  check(pair.generated, 2, {metric, "generated"});
  check(pair.reference, 2, {metric, "reference"});
  if (pair.generated.size(1) != pair.reference.size(1)) {
    throw Error(
        fmt::format("{}: the generated features have {} columns, the reference {}; both "
                    "must come from one extractor",
                    metric, pair.generated.size(1), pair.reference.size(1)));
  }
  const bool single =
      pair.generated.scalar_type() == at::kFloat && pair.reference.scalar_type() == at::kFloat;
  if (single) return {pair.generated.contiguous(), pair.reference.contiguous()};
  return {in_double(pair.generated), in_double(pair.reference)};
}

FeaturePair checked_features(const MetricInputs& inputs, std::string_view metric) {
  const auto pair = stored_features(inputs, metric);
  return {in_double(pair.generated), in_double(pair.reference)};
}

Mean mean_of(const at::Tensor& values) {
  const auto n = static_cast<double>(values.size(0));
  Mean mean;
  run_serial([&] {
    mean.value = values.mean().item<double>();
    mean.standard_error = values.std(/*unbiased=*/true).item<double>() / std::sqrt(n);
  });
  return mean;
}

at::Tensor drawn_rows(const at::Tensor& rows, std::int64_t most, RandomStream& random) {
  if (rows.size(0) <= most) return rows;
  return rows.index_select(0, at::tensor(random.choice(rows.size(0), most), at::kLong));
}

double binomial_standard_error(double share, std::int64_t n) {
  return std::sqrt(share * (1.0 - share) / static_cast<double>(n));
}

double option(const MetricInputs& inputs, std::string_view key) {
  const auto dot = key.find('.');
  const Metric& owner = metric(key.substr(0, dot));
  const auto found =
      std::find_if(owner.options.begin(), owner.options.end(),
                   [&](const MetricOption& one) { return one.key == key.substr(dot + 1); });
  if (found == owner.options.end()) {
    throw std::logic_error(fmt::format("no option {} in the registry of metrics", key));
  }
  const auto asked = inputs.options.find(std::string(key));
  if (asked == inputs.options.end()) return found->fallback;
  if (!(asked->second >= found->low && asked->second <= found->high)) {
    throw Error(fmt::format("{} = {}: must lie in {} to {} ({})", key, asked->second, found->low,
                            found->high, found->meaning));
  }
  return asked->second;
}

std::int64_t whole_option(const MetricInputs& inputs, std::string_view key) {
  const double value = option(inputs, key);
  if (value != std::floor(value)) {
    throw Error(fmt::format("{} = {}: must be a whole number", key, value));
  }
  return static_cast<std::int64_t>(value);
}

MetricValue scored(const MetricInputs& inputs, const Mean& value, const Scoring& scoring) {
  Protocol protocol = inputs.protocol;
  protocol["metric"] = scoring.metric;
  protocol["version"] = kVersion;
  protocol["estimator"] = scoring.estimator;
  if (scoring.n_generated > 0) protocol["n_generated"] = std::to_string(scoring.n_generated);
  if (scoring.n_real > 0) protocol["n_real"] = std::to_string(scoring.n_real);
  for (const auto& [key, text] : scoring.settings) protocol[key] = text;
  return {std::string(scoring.metric), value.value, value.standard_error, protocol};
}

}  // namespace assay
