// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/feature_likelihood.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "kernels/product/squared_distances.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kTile = 256;
constexpr int kSteps = 50;  // at most
constexpr double kOriginShrink = 0.9 * 0.9;

// log N(x; c, exp(s) I) from ‖x−c‖²: [T,M] and [M].
at::Tensor log_densities(const at::Tensor& squared, const at::Tensor& log_variances, double d) {
  return -0.5 * squared / log_variances.exp() -
         d / 2.0 * (log_variances + std::log(2.0 * std::numbers::pi));
}

// Adam as torch.optim has it, with its default betas and epsilon.
class Adam {
 public:
  explicit Adam(const at::Tensor& like) : mean_(at::zeros_like(like)), square_(mean_.clone()) {}

  void step(at::Tensor& values, const at::Tensor& gradient) {
    constexpr double kRate = 0.5;
    ++steps_;
    mean_.mul_(kBeta1).add_(gradient, 1.0 - kBeta1);
    square_.mul_(kBeta2).addcmul_(gradient, gradient, 1.0 - kBeta2);
    const double mean_scale = 1.0 - std::pow(kBeta1, steps_);
    const double square_scale = 1.0 - std::pow(kBeta2, steps_);
    values.sub_(kRate / mean_scale * mean_ / ((square_ / square_scale).sqrt() + 1e-8));
  }

 private:
  static constexpr double kBeta1 = 0.9;
  static constexpr double kBeta2 = 0.999;
  at::Tensor mean_, square_;
  int steps_ = 0;
};

// −mean log p/D and its gradient in the log variances of all components, the last of which is the
// one at the rows' mean.
struct Loss {
  double value = 0.0;
  at::Tensor gradient;
};

// squared: [N,M+1].
Loss loss_of(const at::Tensor& squared, const at::Tensor& log_variances,
             const at::Tensor& log_weights, double d) {
  Loss loss{0.0, at::zeros_like(log_variances)};
  const auto inverse = (-log_variances).exp();
  for (std::int64_t i = 0; i < squared.size(0); i += kTile) {
    const auto tile = squared.slice(0, i, std::min(i + kTile, squared.size(0)));
    const auto logs = log_densities(tile, log_variances, d) + log_weights;
    const auto totals = logs.logsumexp({1}, /*keepdim=*/true);
    loss.value -= totals.sum().item<double>();
    const auto shares = (logs - totals).exp();
    loss.gradient -= (shares * (0.5 * tile * inverse - d / 2.0)).sum(0);
  }
  const double scale = 1.0 / (static_cast<double>(squared.size(0)) * d);
  return {loss.value * scale, loss.gradient * scale};
}

// The authors' rule: from the seventh step on, the last five losses lie within 5·10⁻⁴ of the
// newest.
bool settled(const std::vector<double>& losses) {
  if (losses.size() < 7) return false;
  return std::all_of(losses.end() - 5, losses.end(),
                     [&](double loss) { return std::abs(loss - losses.back()) < 5e-4; });
}

// The samples standardised by the held-out one, without its constant columns.
FldSamples standardised(const FldSamples& samples) {
  FldSamples result;
  run_serial([&] {
    const auto mean = samples.held_out.mean(0);
    const auto deviation = samples.held_out.std(0, /*unbiased=*/true);
    const auto kept = deviation.gt(0.0).nonzero().squeeze(1);
    if (kept.size(0) == 0) {
      throw Error(
          "fld: every feature is constant in the held-out set; use another extractor or more data");
    }
    const auto apply = [&](const at::Tensor& rows) {
      return ((rows - mean) / deviation).index_select(1, kept);
    };
    result = {apply(samples.generated), apply(samples.held_out), apply(samples.train)};
  });
  return result;
}

}  // namespace

IsotropicMixture fit_isotropic_mixture(const at::Tensor& centres, const at::Tensor& rows) {
  TORCH_CHECK(centres.dim() == 2 && rows.dim() == 2 && centres.size(1) == rows.size(1),
              "fit_isotropic_mixture: centres ", centres.sizes(), ", rows ", rows.sizes());
  const auto m = centres.size(0);
  const auto d = static_cast<double>(rows.size(1));
  IsotropicMixture mixture{centres, {}};
  run_serial([&] {
    auto squared = at::empty({rows.size(0), m + 1}, rows.options());
    squared.slice(1, 0, m).copy_(squared_distances_by_products(rows, centres));
    squared.select(1, m).copy_((rows - rows.mean(0)).square().sum(1) * kOriginShrink);
    auto log_variances = at::zeros({m + 1}, rows.options());
    log_variances.slice(0, 0, m).copy_(((squared.slice(1, 0, m).amin(0) + 1e-3) / d).log());
    auto log_weights = at::full_like(log_variances, -std::log(static_cast<double>(m)));
    log_weights[m] = 0.0;
    Adam adam(log_variances);
    std::vector<double> losses;
    for (int step = 0; step < kSteps && !settled(losses); ++step) {
      const Loss loss = loss_of(squared, log_variances, log_weights, d);
      losses.push_back(loss.value);
      adam.step(log_variances, loss.gradient);
      log_variances.slice(0, 0, m).clamp_(-40.0, 40.0);
    }
    mixture.log_variances = log_variances.slice(0, 0, m).clone();
  });
  return mixture;
}

at::Tensor negative_log_likelihoods(const IsotropicMixture& mixture, const at::Tensor& rows) {
  const auto d = static_cast<double>(rows.size(1));
  const double log_m = std::log(static_cast<double>(mixture.centres.size(0)));
  auto result = at::empty({rows.size(0)}, rows.options());
  run_serial([&] {
    for (std::int64_t i = 0; i < rows.size(0); i += kTile) {
      const auto tile = rows.slice(0, i, std::min(i + kTile, rows.size(0)));
      const auto logs = log_densities(squared_distances_by_products(tile, mixture.centres),
                                      mixture.log_variances, d);
      result.slice(0, i, i + tile.size(0)).copy_((log_m - logs.logsumexp({1})) / d);
    }
  });
  return result;
}

Mean feature_likelihood_divergence(const FldSamples& samples, std::uint64_t seed) {
  const auto train_rows = samples.train.size(0);
  if (train_rows < 4) {
    throw Error(
        fmt::format("fld: {} training rows; at least 4 are needed to fit one half to the "
                    "other",
                    train_rows));
  }
  const FldSamples scaled = standardised(samples);
  RandomStream random(seed);
  const auto shuffled =
      scaled.train.index_select(0, at::tensor(random.permutation(train_rows), at::kLong));
  const auto half = std::min(scaled.generated.size(0), train_rows / 2);
  const auto fitted = fit_isotropic_mixture(scaled.generated, scaled.train);
  const auto baseline = fit_isotropic_mixture(shuffled.slice(0, 0, half), shuffled.slice(0, half));
  return mean_of(100.0 * (negative_log_likelihoods(fitted, scaled.held_out) -
                          negative_log_likelihoods(baseline, scaled.held_out)));
}

MetricValue compute_fld(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "fld");
  const auto held_out = checked_rows(inputs.features.held_out, {"fld", "held-out"});
  if (held_out.size(1) != features.reference.size(1)) {
    throw Error(
        fmt::format("fld: the held-out features have {} columns, the reference {}; both "
                    "must come from one extractor",
                    held_out.size(1), features.reference.size(1)));
  }
  const std::int64_t most = whole_option(inputs, "fld.most_rows");
  const std::int64_t seed = whole_option(inputs, "fld.seed");
  RandomStream random(stream_seed(static_cast<std::uint64_t>(seed), "fld"));
  const FldSamples samples{drawn_rows(features.generated, most, random), held_out,
                           drawn_rows(features.reference, most, random)};
  const Mean score = feature_likelihood_divergence(samples, static_cast<std::uint64_t>(seed));
  return scored(inputs, score,
                {.metric = "fld",
                 .estimator = "isotropic mixtures, at most 50 steps of Adam, f64",
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0),
                 .settings = {{"most_rows", std::to_string(most)},
                              {"seed", std::to_string(seed)},
                              {"n_held_out", std::to_string(held_out.size(0))}}});
}

}  // namespace assay
