// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/frechet.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>
#include <string>
#include <tuple>

#include "metrics/features/frechet_factors.h"
#include "metrics/numerics/linalg.h"
#include "metrics/peers.h"

namespace assay {
namespace {

constexpr std::int64_t kInfluenceRows = 4096;
constexpr double kSingular = 1e-10;  // of a factor, relative to its largest singular value

// Evenly spaced rows of a sample.
at::Tensor influence_rows(const FactoredSample& sample) {
  const auto n = sample.rows.size(0);
  const auto count = std::min(n, kInfluenceRows);
  return at::arange(count, at::kLong).mul_(n).floor_divide_(count);
}

// ‖coordinates of a row · weights‖² · (N−1) for some rows of the sample, where coordinates · factor
// is the centred row / √(N−1). The weights' columns lie in the factor's range.
at::Tensor quadratic_form(const FactoredSample& sample, const at::Tensor& weights,
                          const at::Tensor& index) {
  at::Tensor result;
  if (sample.direct) {
    run_serial([&] {
      result = weights.index_select(0, index).square().sum(1) * sample.degrees_of_freedom();
    });
    return result;
  }
  at::Tensor solved;
  run_serial([&] {
    solved = sample.covariance.defined()
                 ? at::linalg_solve_triangular(sample.factor, weights, /*upper=*/true)
                 : at::linalg_pinv(sample.factor, kSingular).mm(weights);
    result = sample.rows.index_select(0, index).to(at::kDouble) - sample.mean;
  });
  const auto lifted = product(result, solved);
  run_serial([&] { result = lifted.square().sum(1); });
  return result;
}

// Variance of the distance that is due to one sample (delta method).
double variance_from(const FactoredSample& sample, const at::Tensor& other_mean,
                     const at::Tensor& weights) {
  const auto index = influence_rows(sample);
  const auto mapped = quadratic_form(sample, weights, index);
  double variance = 0.0;
  run_serial([&] {
    const auto deviations = sample.rows.index_select(0, index).to(at::kDouble) - sample.mean;
    const auto influence =
        2.0 * deviations.mv(sample.mean - other_mean) + deviations.square().sum(1) - mapped;
    variance = influence.var(/*unbiased=*/true).item<double>();
  });
  return variance / static_cast<double>(sample.rows.size(0));
}

// Weights whose squares are the optimal maps: cross = U diag(s) Vᵀ gives U√s and V√s.
std::pair<at::Tensor, at::Tensor> map_weights(const at::Tensor& cross) {
  at::Tensor left;
  at::Tensor right;
  const auto square = product(cross, cross.t());
  run_serial([&] {
    const auto [squares, vectors] = at::linalg_eigh(square, "L");
    // Eigenvalues below rounding level are noise, and V's columns divide by their roots.
    constexpr double kNoise = 1e-13;
    const auto kept = squares > kNoise * squares.max();
    const auto roots = squares.masked_select(kept).pow(0.25);
    const auto u = vectors.index_select(1, kept.nonzero().squeeze(1));
    left = u * roots;
    right = cross.t().mm(u) / roots;
  });
  return {left, right};
}

// A square factor of Σ from Σ alone.
at::Tensor factor_of(const at::Tensor& covariance) {
  auto factor = cholesky_or_nothing(covariance);
  if (factor.defined()) return factor;
  run_serial([&] {
    const auto [values, vectors] = at::linalg_eigh(covariance, "L");
    // Rounding makes zero eigenvalues slightly negative.
    factor = (vectors * values.clamp_min(0.0).sqrt()).t().contiguous();
  });
  return factor;
}

void check_pair(const at::Tensor& generated, const at::Tensor& reference) {
  TORCH_CHECK(generated.dim() == 2 && reference.dim() == 2 &&
                  generated.size(1) == reference.size(1) && generated.size(0) >= 2 &&
                  reference.size(0) >= 2,
              "frechet_distance: needs [N,D] and [M,D], not ", generated.sizes(), " and ",
              reference.sizes());
}

}  // namespace

Mean frechet_distance(const at::Tensor& generated, const at::Tensor& reference,
                      at::ScalarType blocks) {
  check_pair(generated, reference);
  const auto a = factor_sample(generated.contiguous(), blocks);
  const auto b = factor_sample(reference.contiguous(), blocks);
  const auto [left, right] = map_weights(product(a.factor, b.factor.t()));
  const double variance = variance_from(a, b.mean, left) + variance_from(b, a.mean, right);
  return {frechet_distance_of_factors(a, b), std::sqrt(variance)};
}

double frechet_distance_value(const at::Tensor& generated, const at::Tensor& reference) {
  check_pair(generated, reference);
  return frechet_distance_of_factors(factor_sample(generated.contiguous()),
                                     factor_sample(reference.contiguous()));
}

double frechet_distance_of_moments(const Moments& a, const Moments& b) {
  const double traces = a.covariance.trace().item<double>() + b.covariance.trace().item<double>();
  const auto factor = factor_of(a.covariance);
  auto root_trace = root_trace_by_eigenvalues(factor, b.covariance, traces);
  if (!root_trace) root_trace = singular_value_sum(product(factor, factor_of(b.covariance).t()));
  return squared_length(a.mean - b.mean) + traces - 2.0 * *root_trace;
}

MetricValue compute_fd(const MetricInputs& inputs) {
  check_compat(inputs.compat, "fd");
  const auto features = stored_features(inputs, "fd");
  const bool single = whole_option(inputs, "fd.f32_blocks") == 1;
  const Mean fd =
      frechet_distance(features.generated, features.reference, single ? at::kFloat : at::kDouble);
  return scored(inputs, fd,
                {.metric = "fd",
                 .estimator = fmt::format("covariance/(n-1), {}", single ? "f32 blocks" : "f64"),
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0)});
}

}  // namespace assay
