// SPDX-License-Identifier: Apache-2.0
#include "metrics/inputs.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

#include "core/error.h"
#include "metrics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kVersion = "1";

at::Tensor checked(const at::Tensor& tensor, std::int64_t dimensions, const InputName& name) {
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
  const auto values = tensor.to(at::kCPU, at::kDouble).contiguous();
  const auto finite = at::isfinite(values).reshape({values.size(0), -1}).all(1);
  if (!finite.all().item<bool>()) {
    const auto bad = finite.logical_not();
    throw Error(
        fmt::format("{}: the {} input holds values that are not finite in {} of {} rows, "
                    "first in row {}; the model diverged or the file is damaged",
                    name.metric, name.input, bad.sum().item<std::int64_t>(), values.size(0),
                    bad.to(at::kInt).argmax().item<std::int64_t>()));
  }
  return values;
}

}  // namespace

at::Tensor checked_rows(const at::Tensor& rows, const InputName& name) {
  return checked(rows, 2, name);
}

at::Tensor checked_values(const at::Tensor& values, const InputName& name) {
  return checked(values, 1, name);
}

FeaturePair checked_features(const MetricInputs& inputs, std::string_view metric) {
  FeaturePair pair{checked_rows(inputs.generated_features, {metric, "generated"}),
                   checked_rows(inputs.reference_features, {metric, "reference"})};
  if (pair.generated.size(1) != pair.reference.size(1)) {
    throw Error(
        fmt::format("{}: the generated features have {} columns, the reference {}; both "
                    "must come from one extractor",
                    metric, pair.generated.size(1), pair.reference.size(1)));
  }
  return pair;
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

Protocol protocol_of(const MetricInputs& inputs, std::string_view metric,
                     std::string_view estimator) {
  Protocol protocol = inputs.protocol;
  protocol["metric"] = metric;
  protocol["version"] = kVersion;
  protocol["estimator"] = estimator;
  return protocol;
}

}  // namespace assay
