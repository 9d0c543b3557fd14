// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Least-squares line y = intercept + slope · x.
struct Line {
  double intercept = 0.0;
  double slope = 0.0;
  double intercept_error = 0.0;  ///< standard error of the intercept, residuals ÷(P−2)
};
/// Throws Error unless there are at least three points and two different x.
Line least_squares_line(const std::vector<double>& x, const std::vector<double>& y);

/// `points` evenly spaced sample sizes from min(5000, max(N/10, 2)) to N, rounded down, as dgm-eval
/// takes them.
std::vector<std::int64_t> extrapolation_sizes(std::int64_t n, std::int64_t points);

/// Fréchet distance extrapolated to infinitely many generated samples (Chong & Forsyth 2020):
/// the distance of n samples is biased by about slope/n, so it is taken at each of
/// extrapolation_sizes, on subsets drawn without replacement by `seed` (all rows at the last), and
/// the intercept of the line in 1/n is the score. The reference stays whole, and so does the bias
/// of its size.
///
/// Standard error: √(e² + r²), e that of the distance of all samples (frechet_distance), r that of
/// the intercept among the subsets. Where n is below D the bias is not linear in 1/n.
/// generated [N,D], reference [M,D] f64; N ≥ 20, points ≥ 3.
Mean fd_infinity(const at::Tensor& generated, const at::Tensor& reference, std::int64_t points,
                 std::uint64_t seed);

MetricValue compute_fd_infinity(const MetricInputs& inputs);

}  // namespace assay
