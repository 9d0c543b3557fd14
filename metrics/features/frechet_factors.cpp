// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/frechet_factors.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <tuple>

#include "metrics/features/moments.h"
#include "metrics/numerics/linalg.h"

namespace assay {

namespace {

// The triangular factor of centred rows / √(N−1), of which there are more than columns. In blocks:
// R of what was seen so far stands for it, so that no second copy of the rows is made.
at::Tensor triangular_factor(const FactoredSample& sample) {
  const std::int64_t block = 4 * sample.rows.size(1);
  const double scale = std::sqrt(sample.degrees_of_freedom());
  at::Tensor factor;
  for (const auto& rows : sample.rows.split(block)) {
    auto next = rows.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
    next.sub_(sample.mean).div_(scale);
    if (factor.defined()) next = at::cat({factor, next});
    factor = std::get<1>(at::linalg_qr(next, "r"));
  }
  return factor;
}

}  // namespace

FactoredSample factor_sample(const at::Tensor& rows, at::ScalarType blocks) {
  FactoredSample sample;
  sample.rows = rows;
  if (rows.size(0) <= rows.size(1)) {
    run_serial([&] {
      // In place: fresh memory of this size costs more than the arithmetic.
      sample.factor = rows.to(at::kDouble, /*non_blocking=*/false, /*copy=*/true);
      sample.mean = sample.factor.mean(0);
      sample.factor.sub_(sample.mean).div_(std::sqrt(sample.degrees_of_freedom()));
      const auto all = sample.factor.flatten();
      sample.trace = all.dot(all).item<double>();
    });
    sample.direct = true;
    return sample;
  }
  const Moments moments = moments_of(rows, blocks);
  sample.mean = moments.mean;
  sample.factor = cholesky_or_nothing(moments.covariance);
  if (sample.factor.defined()) sample.covariance = moments.covariance;
  run_serial([&] {
    sample.trace = moments.covariance.trace().item<double>();
    if (!sample.factor.defined()) sample.factor = triangular_factor(sample);
  });
  return sample;
}

double squared_length(const at::Tensor& vector) {
  double sum = 0.0;
  run_serial([&] { sum = vector.square().sum().item<double>(); });
  return sum;
}

// tr (Σ₁Σ₂)^½ from the eigenvalues of F₁Σ₂F₁ᵀ, unless their rounding could show.
std::optional<double> root_trace_by_eigenvalues(const at::Tensor& factor,
                                                const at::Tensor& covariance, double traces) {
  const auto half = product(factor, covariance, /*upper=*/true);
  const auto values = symmetric_eigenvalues(product(factor, half.t().contiguous(), /*upper=*/true));
  const double* begin = values.const_data_ptr<double>();
  const double* end = begin + values.size(0);
  const double rounding = std::numeric_limits<double>::epsilon() * end[-1];
  double sum = 0.0, error = 0.0;
  for (const double* value = begin; value != end; ++value) {
    if (*value <= rounding) return std::nullopt;
    sum += std::sqrt(*value);
    error += rounding / (2.0 * std::sqrt(*value));
  }
  // Errors of single eigenvalues are independent in sign; their root sum of squares would do.
  constexpr double kTolerance = 1e-13;
  if (error > kTolerance * traces) return std::nullopt;
  return sum;
}

double frechet_distance_of_factors(const FactoredSample& a, const FactoredSample& b) {
  const double traces = a.trace + b.trace;
  std::optional<double> root_trace;
  if (a.covariance.defined() && b.covariance.defined()) {
    root_trace = root_trace_by_eigenvalues(a.factor, b.covariance, traces);
  }
  if (!root_trace) root_trace = singular_value_sum(product(a.factor, b.factor.t()));
  return squared_length(a.mean - b.mean) + traces - 2.0 * *root_trace;
}

}  // namespace assay
