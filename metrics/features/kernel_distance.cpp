// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/kernel_distance.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <numeric>
#include <string>

#include "core/error.h"
#include "metrics/features/mmd.h"
#include "metrics/numerics/linalg.h"
#include "metrics/numerics/numpy_random.h"
#include "metrics/peers.h"

namespace assay {
namespace {

double total(const std::vector<double>& sums) {
  return std::accumulate(sums.begin(), sums.end(), 0.0);
}

at::Tensor cubic_kernel(const at::Tensor& a, const at::Tensor& b) {
  return (a.mm(b.t()) / static_cast<double>(a.size(1)) + 1.0).pow_(3);
}

double unbiased_on_subset(const at::Tensor& x, const at::Tensor& y) {
  const auto m = static_cast<double>(x.size(0));
  const auto off_diagonal = [](const at::Tensor& k) {
    return (k.sum() - k.trace()).item<double>();
  };
  return (off_diagonal(cubic_kernel(x, x)) + off_diagonal(cubic_kernel(y, y))) / (m * (m - 1.0)) -
         2.0 * cubic_kernel(x, y).sum().item<double>() / (m * m);
}

// As the peers draw: both sides in turn from one stream, the generated side first.
SubsetDraw draw_as(const std::string& compat, std::int64_t seed, const FeaturePair& features,
                   std::int64_t size) {
  const auto n = features.generated.size(0), m = features.reference.size(0);
  if (compat == "torchmetrics") {
    auto generator = at::detail::createCPUGenerator(static_cast<std::uint64_t>(seed));
    return [=]() mutable {
      // Its first set is the real one.
      auto y = at::randperm(m, generator).slice(0, 0, size);
      return std::pair{at::randperm(n, generator).slice(0, 0, size), y};
    };
  }
  auto stream = std::make_shared<NumpyRandomState>(static_cast<std::uint32_t>(seed));
  return [=] {
    auto x = at::tensor(stream->choice(n, size));
    return std::pair{x, at::tensor(stream->choice(m, size))};
  };
}

MetricValue kid_on_subsets(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "kid");
  const auto smaller = std::min(features.generated.size(0), features.reference.size(0));
  auto subsets = whole_option(inputs, "kid.subsets");
  if (subsets == 0) subsets = 100;
  auto size = whole_option(inputs, "kid.subset_size");
  if (inputs.compat == "clean-fid") size = std::min(size, smaller);
  if (size > smaller) {
    throw Error(fmt::format(
        "kid: subsets of {} rows, but the smaller input holds {}; ask for fewer "
        "with kid.subset_size, or for all pairs {}",
        size, smaller, inputs.compat.empty() ? "with kid.subsets=0" : "without --compat"));
  }
  const auto seed = whole_option(inputs, "kid.seed");
  const Mean kid = subset_kernel_distance(features.generated, features.reference, subsets,
                                          draw_as(inputs.compat, seed, features, size));
  return scored(inputs, kid,
                {.metric = "kid",
                 .estimator = "mean over subsets, unbiased, cubic kernel, f64",
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0),
                 .settings = {{"subsets", std::to_string(subsets)},
                              {"subset_size", std::to_string(size)},
                              {"subset_seed", std::to_string(seed)}}});
}

}  // namespace

Mean subset_kernel_distance(const at::Tensor& generated, const at::Tensor& reference,
                            std::int64_t subsets, const SubsetDraw& draw) {
  std::vector<double> values;
  for (std::int64_t i = 0; i < subsets; ++i) {
    const auto [x, y] = draw();
    const auto a = generated.index_select(0, x);
    const auto b = reference.index_select(0, y);
    run_serial([&] { values.push_back(unbiased_on_subset(a, b)); });
  }
  const auto n = static_cast<double>(subsets);
  const double mean = total(values) / n;
  double squares = 0.0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, subsets > 1 ? std::sqrt(squares / (n - 1.0) / n) : std::nan("")};
}

bool kid_takes_all_pairs(const MetricInputs& inputs) {
  return inputs.compat.empty() && whole_option(inputs, "kid.subsets") == 0;
}

void check_kid_options(const MetricInputs& inputs) {
  const bool all_pairs = whole_option(inputs, "kid.subsets") == 0;
  if (!inputs.compat.empty()) {
    if (!all_pairs || !inputs.options.contains("kid.subsets")) return;
    throw Error(fmt::format(
        "kid.subsets = 0: {} averages over subsets; drop --compat for all pairs", inputs.compat));
  }
  for (const auto* of_subsets : {"kid.subset_size", "kid.seed"}) {
    if (!all_pairs || !inputs.options.contains(of_subsets)) continue;
    throw Error(
        fmt::format("{}: belongs to subsets, but kid goes over all pairs; set kid.subsets "
                    "too, or drop it",
                    of_subsets));
  }
}

MetricValue compute_kid(const MetricInputs& inputs) {
  check_compat(inputs.compat, "kid");
  check_kid_options(inputs);
  if (!kid_takes_all_pairs(inputs)) return kid_on_subsets(inputs);
  const auto found = pair_statistics(inputs, "kid");
  const Mean kid = mmd_squared(found->cubic, MmdEstimator::kUnbiased);
  return scored(
      inputs, kid,
      {.metric = "kid",
       .estimator = fmt::format("all pairs, unbiased, cubic kernel, {} products; jackknife",
                                found->arithmetic == at::kFloat ? "f32" : "f64"),
       .n_generated = inputs.features.generated.size(0),
       .n_real = inputs.features.reference.size(0)});
}

}  // namespace assay
