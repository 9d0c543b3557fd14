// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/fd_infinity.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "core/error.h"
#include "core/random.h"
#include "metrics/features/frechet.h"
#include "metrics/features/frechet_factors.h"

namespace assay {
namespace {

constexpr std::int64_t kFewestRows = 20;

}  // namespace

Line least_squares_line(const std::vector<double>& x, const std::vector<double>& y) {
  TORCH_CHECK(x.size() == y.size(), "least_squares_line: ", x.size(), " x and ", y.size(), " y");
  const auto n = static_cast<double>(x.size());
  const double x_mean = std::accumulate(x.begin(), x.end(), 0.0) / n;
  const double y_mean = std::accumulate(y.begin(), y.end(), 0.0) / n;
  double xx = 0.0;
  double xy = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    xx += (x[i] - x_mean) * (x[i] - x_mean);
    xy += (x[i] - x_mean) * (y[i] - y_mean);
  }
  if (x.size() < 3 || xx == 0.0) {
    throw Error(
        fmt::format("a line through {} points cannot be fitted: at least 3 are needed, not "
                    "all at one x",
                    x.size()));
  }
  Line line;
  line.slope = xy / xx;
  line.intercept = y_mean - line.slope * x_mean;
  double residuals = 0.0;
  for (std::size_t i = 0; i < x.size(); ++i) {
    const double residual = y[i] - line.intercept - line.slope * x[i];
    residuals += residual * residual;
  }
  line.intercept_error = std::sqrt(residuals / (n - 2.0) * (1.0 / n + x_mean * x_mean / xx));
  return line;
}

std::vector<std::int64_t> extrapolation_sizes(std::int64_t n, std::int64_t points) {
  TORCH_CHECK(n >= 2 && points >= 2, "extrapolation_sizes: ", points, " points up to ", n);
  const std::int64_t first = std::min<std::int64_t>(5000, std::max<std::int64_t>(n / 10, 2));
  std::vector<std::int64_t> sizes;
  for (std::int64_t i = 0; i < points; ++i) sizes.push_back(first + i * (n - first) / (points - 1));
  return sizes;
}

Mean fd_infinity(const at::Tensor& generated, const at::Tensor& reference, std::int64_t points,
                 std::uint64_t seed) {
  const auto n = generated.size(0);
  TORCH_CHECK(n >= kFewestRows && points >= 3, "fd_infinity: ", points, " points of ", n, " rows");
  const Mean whole = frechet_distance(generated, reference);
  const FactoredSample fixed = factor_sample(reference);
  RandomStream random(seed);
  std::vector<double> inverse_sizes;
  std::vector<double> distances;
  for (const auto size : extrapolation_sizes(n, points)) {
    inverse_sizes.push_back(1.0 / static_cast<double>(size));
    distances.push_back(size == n ? whole.value
                                  : frechet_distance_of_factors(
                                        factor_sample(drawn_rows(generated, size, random)), fixed));
  }
  const Line line = least_squares_line(inverse_sizes, distances);
  return {line.intercept, std::hypot(whole.standard_error, line.intercept_error)};
}

MetricValue compute_fd_infinity(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "fd_infinity");
  const auto n = features.generated.size(0);
  if (n < kFewestRows) {
    throw Error(
        fmt::format("fd_infinity: {} generated rows are too few to extrapolate from; at "
                    "least {} are needed, thousands make sense",
                    n, kFewestRows));
  }
  const std::int64_t points = whole_option(inputs, "fd_infinity.points");
  const std::int64_t seed = whole_option(inputs, "fd_infinity.seed");
  const Mean score =
      fd_infinity(features.generated, features.reference, points, static_cast<std::uint64_t>(seed));
  return scored(inputs, score,
                {.metric = "fd_infinity",
                 .estimator = "intercept in 1/n of covariance/(n-1) distances, f64",
                 .n_generated = n,
                 .n_real = features.reference.size(0),
                 .settings = {{"points", std::to_string(points)}, {"seed", std::to_string(seed)}}});
}

}  // namespace assay
