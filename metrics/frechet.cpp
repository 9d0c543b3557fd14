// SPDX-License-Identifier: Apache-2.0
#include "metrics/frechet.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <tuple>

#include "metrics/linalg.h"

namespace assay {
namespace {

// factorᵀ·factor = Σ of one sample, and how a sample's rows look in the factor's coordinates:
// centred data / √(N−1) = basis · factor. The basis is orthonormal and kept only where it has to
// be.
struct FactoredSample {
  at::Tensor rows;    // [N,D] f64
  at::Tensor mean;    // [D]
  at::Tensor factor;  // [R,D]
  at::Tensor basis;   // [N,R] by QR; undefined: the identity if direct, else by solving
  bool direct = false;
  double trace = 0.0;

  double degrees_of_freedom() const { return static_cast<double>(rows.size(0) - 1); }
};

at::Tensor scaled_deviations(const at::Tensor& rows, const at::Tensor& mean) {
  return (rows - mean) / std::sqrt(static_cast<double>(rows.size(0) - 1));
}

FactoredSample factor_sample(const at::Tensor& rows) {
  FactoredSample sample;
  sample.rows = rows;
  if (rows.size(0) <= rows.size(1)) {
    run_serial([&] {
      sample.mean = rows.mean(0);
      sample.factor = scaled_deviations(rows, sample.mean);
      sample.trace = sample.factor.square().sum().item<double>();
    });
    sample.direct = true;
    return sample;
  }
  const Moments moments = moments_of(rows);
  sample.mean = moments.mean;
  sample.factor = cholesky_or_nothing(moments.covariance);
  run_serial([&] {
    sample.trace = moments.covariance.trace().item<double>();
    if (sample.factor.defined()) return;
    std::tie(sample.basis, sample.factor) =
        at::linalg_qr(scaled_deviations(rows, sample.mean), "reduced");
  });
  return sample;
}

// ‖row of basis · weights‖² · (N−1) for each row of the sample: [N].
at::Tensor quadratic_form(const FactoredSample& sample, const at::Tensor& weights) {
  at::Tensor result;
  run_serial([&] {
    if (sample.direct || sample.basis.defined()) {
      const auto lifted = sample.direct ? weights : sample.basis.mm(weights);
      result = lifted.square().sum(1) * sample.degrees_of_freedom();
      return;
    }
    const auto solved = at::linalg_solve_triangular(sample.factor, weights, /*upper=*/true);
    result = (sample.rows - sample.mean).mm(solved).square().sum(1);
  });
  return result;
}

// Variance of the distance that is due to one sample (delta method).
double variance_from(const FactoredSample& sample, const at::Tensor& other_mean,
                     const at::Tensor& weights) {
  const auto mapped = quadratic_form(sample, weights);
  double variance = 0.0;
  run_serial([&] {
    const auto deviations = sample.rows - sample.mean;
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
  run_serial([&] {
    const auto [squares, vectors] = at::linalg_eigh(cross.mm(cross.t()), "L");
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

double squared_length(const at::Tensor& vector) {
  double sum = 0.0;
  run_serial([&] { sum = vector.square().sum().item<double>(); });
  return sum;
}

double distance(double squared_shift, double traces, const at::Tensor& cross) {
  return squared_shift + traces - 2.0 * singular_value_sum(cross);
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

at::Tensor cross_product(const at::Tensor& a, const at::Tensor& b) {
  at::Tensor product;
  run_serial([&] { product = a.mm(b.t()); });
  return product;
}

}  // namespace

Mean frechet_distance(const at::Tensor& generated, const at::Tensor& reference) {
  TORCH_CHECK(generated.dim() == 2 && reference.dim() == 2 &&
                  generated.size(1) == reference.size(1) && generated.size(0) >= 2 &&
                  reference.size(0) >= 2,
              "frechet_distance: needs [N,D] and [M,D], not ", generated.sizes(), " and ",
              reference.sizes());
  const auto a = factor_sample(generated.to(at::kDouble).contiguous());
  const auto b = factor_sample(reference.to(at::kDouble).contiguous());
  const auto cross = cross_product(a.factor, b.factor);
  const double squared_shift = squared_length(a.mean - b.mean);
  const auto [left, right] = map_weights(cross);
  const double variance = variance_from(a, b.mean, left) + variance_from(b, a.mean, right);
  return {distance(squared_shift, a.trace + b.trace, cross), std::sqrt(variance)};
}

double frechet_distance_of_moments(const Moments& a, const Moments& b) {
  const auto cross = cross_product(factor_of(a.covariance), factor_of(b.covariance));
  const double traces = a.covariance.trace().item<double>() + b.covariance.trace().item<double>();
  return distance(squared_length(a.mean - b.mean), traces, cross);
}

MetricValue compute_fd(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "fd");
  const Mean distance = frechet_distance(features.generated, features.reference);
  auto protocol = protocol_of(inputs, "fd", "covariance/(n-1), nuclear norm, f64");
  protocol["n_generated"] = std::to_string(features.generated.size(0));
  protocol["n_real"] = std::to_string(features.reference.size(0));
  return {"fd", distance.value, distance.standard_error, protocol};
}

}  // namespace assay
