// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/gaussian_mmd.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "core/median.h"
#include "metrics/directions.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

at::Tensor at_most_evenly(const at::Tensor& rows, std::int64_t most) {
  const auto n = rows.size(0);
  if (n <= most) return rows;
  const auto picks = at::arange(most, at::TensorOptions(at::kLong)).mul_(n).floor_divide_(most);
  return rows.index_select(0, picks);
}

}  // namespace

Mean gaussian_mmd_squared(const at::Tensor& x, const at::Tensor& y, double sigma,
                          MmdEstimator estimator, at::Device device) {
  TORCH_CHECK(sigma > 0.0, "gaussian_mmd_squared: sigma ", sigma);
  PairRequest request;
  request.gaussian_sigma = sigma;
  request.device = device;
  return mmd_squared(sweep_pairs(x, y, request).gaussian, estimator, /*self_kernel=*/1.0);
}

double median_distance(const at::Tensor& given) {
  constexpr std::int64_t kMostRows = 2000;
  at::Tensor distances;
  run_serial([&] { distances = at::pdist(at_most_evenly(given, kMostRows)).contiguous(); });
  const auto* first = distances.const_data_ptr<double>();
  return median({first, first + distances.numel()}).value();
}

MetricValue compute_cmmd(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "cmmd");
  const double sigma = option(inputs, "cmmd.sigma");
  const double scale = option(inputs, "cmmd.scale");
  const Mean squared = gaussian_mmd_squared(unit_rows(features.generated, {"cmmd", "generated"}),
                                            unit_rows(features.reference, {"cmmd", "reference"}),
                                            sigma, MmdEstimator::kBiased, inputs.device);
  return scored(
      inputs, {scale * squared.value, scale * squared.standard_error},
      {.metric = "cmmd",
       .estimator = "unit rows, all pairs (biased), jackknife, f64",
       .n_generated = features.generated.size(0),
       .n_real = features.reference.size(0),
       .settings = {{"sigma", fmt::format("{}", sigma)}, {"scale", fmt::format("{}", scale)}}});
}

double mmd_rbf_sigma(const MetricInputs& inputs) {
  const double asked = option(inputs, "mmd_rbf.sigma");
  if (asked > 0.0) return asked;
  const double sigma =
      median_distance(checked_rows(inputs.features.reference, {"mmd_rbf", "reference"}));
  if (sigma > 0.0) return sigma;
  throw Error(
      "mmd_rbf: the median distance between rows of the reference is 0 (most of them are equal), "
      "so it gives no kernel width; set mmd_rbf.sigma");
}

MetricValue compute_mmd_rbf(const MetricInputs& inputs) {
  const auto found = pair_statistics(inputs, "mmd_rbf");
  const Mean squared = mmd_squared(found->gaussian, MmdEstimator::kUnbiased);
  return scored(
      inputs, squared,
      {.metric = "mmd_rbf",
       .estimator = "different pairs (unbiased), jackknife, f64",
       .n_generated = inputs.features.generated.size(0),
       .n_real = inputs.features.reference.size(0),
       .settings = {{"sigma", fmt::format("{}", found->request.gaussian_sigma.value())}}});
}

}  // namespace assay
