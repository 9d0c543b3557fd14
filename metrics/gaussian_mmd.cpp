// SPDX-License-Identifier: Apache-2.0
#include "metrics/gaussian_mmd.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "metrics/directions.h"
#include "metrics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kTile = 512;

at::Tensor squared_distances(const at::Tensor& a, const at::Tensor& b) {
  const auto a_squares = a.square().sum(1).unsqueeze(1);
  const auto b_squares = b.square().sum(1).unsqueeze(0);
  return at::addmm(b_squares, a, b.t(), 1.0, -2.0).add_(a_squares).clamp_min_(0.0);
}

at::Tensor tile_of(const at::Tensor& rows, std::int64_t begin) {
  return rows.slice(0, begin, std::min(begin + kTile, rows.size(0)));
}

// Σ_j k(xᵢ, xⱼ) over the other rows j ≠ i: [N].
at::Tensor sums_over_others(const at::Tensor& x, double gamma) {
  auto sums = at::zeros({x.size(0)}, x.options());
  for (std::int64_t i = 0; i < x.size(0); i += kTile) {
    for (std::int64_t j = i; j < x.size(0); j += kTile) {
      auto kernel = squared_distances(tile_of(x, i), tile_of(x, j)).mul_(-gamma).exp_();
      if (i == j) kernel.fill_diagonal_(0.0);
      tile_of(sums, i).add_(kernel.sum(1));
      if (i != j) tile_of(sums, j).add_(kernel.sum(0));
    }
  }
  return sums;
}

struct CrossSums {
  at::Tensor of_x;  // [N] Σ_j k(xᵢ, yⱼ)
  at::Tensor of_y;  // [M] Σ_i k(xᵢ, yⱼ)
};

CrossSums cross_sums(const at::Tensor& x, const at::Tensor& y, double gamma) {
  CrossSums sums{at::zeros({x.size(0)}, x.options()), at::zeros({y.size(0)}, y.options())};
  for (std::int64_t i = 0; i < x.size(0); i += kTile) {
    for (std::int64_t j = 0; j < y.size(0); j += kTile) {
      const auto kernel = squared_distances(tile_of(x, i), tile_of(y, j)).mul_(-gamma).exp_();
      tile_of(sums.of_x, i).add_(kernel.sum(1));
      tile_of(sums.of_y, j).add_(kernel.sum(0));
    }
  }
  return sums;
}

// One sample's part of the statistic: its own mean kernel, and what is left without each row.
struct SelfPart {
  at::Tensor sums;  // [N] without the row itself
  double total = 0.0;
  double n = 0.0;
  bool biased = false;

  double mean() const { return biased ? (total + n) / (n * n) : total / (n * (n - 1.0)); }
  at::Tensor mean_without_each() const {
    const auto rest = total - 2.0 * sums;
    const double left = n - 1.0;
    return biased ? (rest + left) / (left * left) : rest / (left * (left - 1.0));
  }
};

SelfPart self_part(const at::Tensor& x, double gamma, MmdEstimator estimator) {
  SelfPart part;
  part.sums = sums_over_others(x, gamma);
  part.total = part.sums.sum().item<double>();
  part.n = static_cast<double>(x.size(0));
  part.biased = estimator == MmdEstimator::kBiased;
  return part;
}

// Jackknife variance that is due to one sample; `cross` are its row sums against the other of size
// `other_n`.
double variance_from(const SelfPart& part, const at::Tensor& cross, double other_n) {
  if (!part.biased && part.n < 3.0) return std::numeric_limits<double>::infinity();
  const auto cross_without_each = (cross.sum() - cross) / ((part.n - 1.0) * other_n);
  const auto without_each = part.mean_without_each() - 2.0 * cross_without_each;
  return without_each.var(/*unbiased=*/false).item<double>() * (part.n - 1.0);
}

at::Tensor at_most_evenly(const at::Tensor& rows, std::int64_t most) {
  const auto n = rows.size(0);
  if (n <= most) return rows;
  const auto picks = at::arange(most, at::TensorOptions(at::kLong)).mul_(n).floor_divide_(most);
  return rows.index_select(0, picks);
}

}  // namespace

Mean gaussian_mmd_squared(const at::Tensor& x, const at::Tensor& y, double sigma,
                          MmdEstimator estimator) {
  TORCH_CHECK(x.dim() == 2 && y.dim() == 2 && x.size(1) == y.size(1) && x.size(0) >= 2 &&
                  y.size(0) >= 2 && sigma > 0.0,
              "gaussian_mmd_squared: x ", x.sizes(), ", y ", y.sizes(), ", sigma ", sigma);
  Mean result;
  run_serial([&] {
    const double gamma = 0.5 / (sigma * sigma);
    // A common origin keeps the rounding of products relative to the spread of the data.
    const auto origin = y.mean(0);
    const auto from_x = x - origin;
    const auto from_y = y - origin;
    const SelfPart of_x = self_part(from_x, gamma, estimator);
    const SelfPart of_y = self_part(from_y, gamma, estimator);
    const CrossSums cross = cross_sums(from_x, from_y, gamma);
    const double cross_mean = cross.of_x.sum().item<double>() / (of_x.n * of_y.n);
    result.value = of_x.mean() + of_y.mean() - 2.0 * cross_mean;
    result.standard_error = std::sqrt(variance_from(of_x, cross.of_x, of_y.n) +
                                      variance_from(of_y, cross.of_y, of_x.n));
  });
  return result;
}

double median_distance(const at::Tensor& x, const at::Tensor& y) {
  constexpr std::int64_t kMostRows = 2000;
  double median = 0.0;
  run_serial([&] {
    const auto rows = at_most_evenly(at::cat({x, y}), kMostRows);
    const auto distances = at::pdist(rows);
    const auto middle = distances.size(0) / 2;
    const auto upper = std::get<0>(distances.kthvalue(middle + 1));
    const auto lower = distances.size(0) % 2 == 1 ? upper : std::get<0>(distances.kthvalue(middle));
    median = ((lower + upper) / 2.0).item<double>();
  });
  return median;
}

MetricValue compute_cmmd(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "cmmd");
  const double sigma = option(inputs, "cmmd.sigma");
  const double scale = option(inputs, "cmmd.scale");
  const Mean squared = gaussian_mmd_squared(unit_rows(features.generated, {"cmmd", "generated"}),
                                            unit_rows(features.reference, {"cmmd", "reference"}),
                                            sigma, MmdEstimator::kBiased);
  auto protocol = protocol_of(inputs, "cmmd", "unit rows, all pairs (biased), jackknife, f64");
  protocol["sigma"] = fmt::format("{}", sigma);
  protocol["scale"] = fmt::format("{}", scale);
  protocol["n_generated"] = std::to_string(features.generated.size(0));
  protocol["n_real"] = std::to_string(features.reference.size(0));
  return {"cmmd", scale * squared.value, scale * squared.standard_error, protocol};
}

MetricValue compute_mmd_rbf(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "mmd_rbf");
  if (std::min(features.generated.size(0), features.reference.size(0)) < 3) {
    throw Error(
        fmt::format("mmd_rbf: {} generated and {} reference rows; at least 3 of each are "
                    "needed for the standard error",
                    features.generated.size(0), features.reference.size(0)));
  }
  const double asked = option(inputs, "mmd_rbf.sigma");
  const double sigma =
      asked > 0.0 ? asked : median_distance(features.generated, features.reference);
  if (sigma == 0.0) {
    throw Error(
        "mmd_rbf: the median distance between rows is 0 (most of them are equal), so it gives no "
        "kernel width; set mmd_rbf.sigma");
  }
  const Mean squared =
      gaussian_mmd_squared(features.generated, features.reference, sigma, MmdEstimator::kUnbiased);
  auto protocol = protocol_of(inputs, "mmd_rbf", "different pairs (unbiased), jackknife, f64");
  protocol["sigma"] = fmt::format("{}", sigma);
  protocol["sigma_rule"] = asked > 0.0 ? "given" : "median distance, at most 2000 pooled rows";
  protocol["n_generated"] = std::to_string(features.generated.size(0));
  protocol["n_real"] = std::to_string(features.reference.size(0));
  return {"mmd_rbf", squared.value, squared.standard_error, protocol};
}

}  // namespace assay
