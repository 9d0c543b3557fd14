// SPDX-License-Identifier: Apache-2.0
#include "metrics/points/modes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "kernels/product/squared_distances.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

constexpr double kHighQualitySigmas = 3.0;
constexpr int kResamples = 200;
constexpr std::uint64_t kBootstrapSeed = 0x6d6f646573;  // "modes"

std::int64_t high_quality_points(const ModeHistogram& histogram) {
  return std::accumulate(histogram.high_quality.begin(), histogram.high_quality.end(),
                         std::int64_t{0});
}

ModeHistogram resample(const ModeHistogram& histogram, RandomStream& random) {
  std::vector<std::int64_t> upper(histogram.high_quality.size());
  std::partial_sum(histogram.high_quality.begin(), histogram.high_quality.end(), upper.begin());
  ModeHistogram drawn{std::vector<std::int64_t>(upper.size()), histogram.points};
  for (std::int64_t i = 0; i < histogram.points; ++i) {
    const auto pick =
        static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(histogram.points)));
    const auto mode = std::upper_bound(upper.begin(), upper.end(), pick);
    // Beyond the last: a point of low quality.
    if (mode != upper.end()) ++drawn.high_quality[static_cast<std::size_t>(mode - upper.begin())];
  }
  return drawn;
}

ModeHistogram histogram_of(const MetricInputs& inputs, std::string_view metric) {
  const auto points = checked_rows(inputs.points.generated, {metric, "generated"});
  const auto centres = checked_rows(inputs.points.mode_centres, {metric, "reference"});
  if (points.size(1) != 2 || centres.size(1) != 2 || !(inputs.points.mode_sigma > 0.0)) {
    throw Error(
        fmt::format("{}: points of {} dimensions against modes of {} with sigma {}; this "
                    "metric is for the 2-D mixtures ring and grid",
                    metric, points.size(1), centres.size(1), inputs.points.mode_sigma));
  }
  return mode_histogram(points, centres, inputs.points.mode_sigma);
}

MetricValue value_of(const MetricInputs& inputs, std::string_view metric,
                     double (*statistic)(const ModeHistogram&)) {
  const auto histogram = histogram_of(inputs, metric);
  return scored(inputs, {statistic(histogram), bootstrap_standard_error(histogram, statistic)},
                {.metric = metric,
                 .estimator = "nearest centre < 3 sigma",
                 .n_generated = histogram.points,
                 .settings = {{"n_modes", std::to_string(histogram.high_quality.size())}}});
}

}  // namespace

ModeHistogram mode_histogram(const at::Tensor& points, const at::Tensor& centres, double sigma) {
  TORCH_CHECK(points.dim() == 2 && centres.dim() == 2 && points.size(1) == centres.size(1),
              "mode_histogram: points ", points.sizes(), ", centres ", centres.sizes());
  const auto squared = squared_distances(points.to(at::kDouble), centres.to(at::kDouble));
  const auto [distance, mode] = squared.min(1);
  const double limit = kHighQualitySigmas * sigma;
  const auto good = mode.masked_select(distance < limit * limit).contiguous();
  ModeHistogram histogram{std::vector<std::int64_t>(static_cast<std::size_t>(centres.size(0))),
                          points.size(0)};
  const auto* modes = good.const_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < good.numel(); ++i) {
    ++histogram.high_quality[static_cast<std::size_t>(modes[i])];
  }
  return histogram;
}

double modes_covered(const ModeHistogram& histogram) {
  return static_cast<double>(std::count_if(histogram.high_quality.begin(),
                                           histogram.high_quality.end(),
                                           [](std::int64_t count) { return count > 0; }));
}

double high_quality_share(const ModeHistogram& histogram) {
  return static_cast<double>(high_quality_points(histogram)) /
         static_cast<double>(histogram.points);
}

double reverse_kl(const ModeHistogram& histogram) {
  const auto total = static_cast<double>(high_quality_points(histogram));
  if (total == 0.0) return std::numeric_limits<double>::quiet_NaN();
  double divergence = std::log(static_cast<double>(histogram.high_quality.size()));
  for (const auto count : histogram.high_quality) {
    if (count == 0) continue;
    const double share = static_cast<double>(count) / total;
    divergence += share * std::log(share);
  }
  return divergence;
}

double bootstrap_standard_error(const ModeHistogram& histogram,
                                double (*statistic)(const ModeHistogram&)) {
  RandomStream random(kBootstrapSeed);
  std::vector<double> values;
  for (int i = 0; i < kResamples; ++i) {
    const double value = statistic(resample(histogram, random));
    if (!std::isnan(value)) values.push_back(value);
  }
  if (values.size() < kResamples / 2) return std::numeric_limits<double>::quiet_NaN();
  return at::tensor(values, at::kDouble).std(/*unbiased=*/true).item<double>();
}

MetricValue compute_modes_covered(const MetricInputs& inputs) {
  return value_of(inputs, "modes_covered", modes_covered);
}

MetricValue compute_high_quality_share(const MetricInputs& inputs) {
  auto value = value_of(inputs, "high_quality_share", high_quality_share);
  value.standard_error = binomial_standard_error(value.value, inputs.points.generated.size(0));
  return value;
}

MetricValue compute_reverse_kl(const MetricInputs& inputs) {
  return value_of(inputs, "reverse_kl", reverse_kl);
}

}  // namespace assay
