// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cmath>
#include <vector>

#include "families/diffusion/sampler.h"

namespace assay {
namespace {

// A step of UniPC for estimates of x_0 with B(h) = e^{−h} − 1 (Zhao et al. 2023, eq. 3 and 9):
//   x_s = σ_s/σ_t x_t − α_s (e^{−h} − 1) x̂_0 − α_s B(h) Σ_i w_i (x̂_0^i − x̂_0)/r_i,
// with estimates x̂_0^i at λ_t + r_i h. The weights solve Σ_i r_i^{k−1} w_i = b_k, k = 1 … n, b_k =
// k! φ_{k+1}/B(h), φ_2 = (e^{−h} − 1)/(−h) − 1 and φ_{k+1} = φ_k/(−h) − 1/k!; a single one is ½
// (their corollary 3.2).
class UnifiedStep {
 public:
  UnifiedStep(const torch::Tensor& x0, const DiffusionStep& step)
      : x0_(x0),
        step_(step),
        lambda_(half_log_snr(step.from)),
        h_(half_log_snr(step.to) - lambda_) {}

  void add(const torch::Tensor& x0, const Marginal& level) {
    r_.push_back((half_log_snr(level) - lambda_) / h_);
    slopes_.push_back((x0 - x0_) / r_.back());
  }

  torch::Tensor from(const torch::Tensor& x) const {
    const double b = std::expm1(-h_);
    auto difference = x0_;
    const auto w = weights();
    for (std::size_t i = 0; i < w.size(); ++i) difference = difference + w[i] * slopes_[i];
    return step_.to.noise / step_.from.noise * x - step_.to.signal * b * difference;
  }

 private:
  std::vector<double> right_side() const {
    std::vector<double> b;
    double phi = std::expm1(-h_) / -h_ - 1.0, factorial = 1.0;
    for (std::size_t k = 1; k <= r_.size(); ++k) {
      b.push_back(phi * factorial / std::expm1(-h_));
      factorial *= static_cast<double>(k + 1);
      phi = phi / -h_ - 1.0 / factorial;
    }
    return b;
  }

  // Vandermonde's system by elimination.
  std::vector<double> weights() const {
    if (r_.empty()) return {};
    if (r_.size() == 1) return {0.5};
    const auto b = right_side();
    const double once = b[1] - r_[0] * b[0];
    double third = 0.0;
    if (r_.size() == 3) {
      const double twice = b[2] - r_[0] * b[1] - r_[1] * once;
      third = twice / ((r_[2] - r_[0]) * (r_[2] - r_[1]));
    }
    const double reach = r_.size() == 3 ? r_[2] - r_[0] : 0.0;
    const double second = (once - reach * third) / (r_[1] - r_[0]);
    std::vector<double> w = {b[0] - second - third, second, third};
    w.resize(r_.size());
    return w;
  }

  torch::Tensor x0_;
  DiffusionStep step_;
  double lambda_, h_;
  std::vector<double> r_;
  std::vector<torch::Tensor> slopes_;
};

// Of the step that begins at `index`: as many estimates as there are, and few at the end.
std::size_t order_at(std::int64_t index, std::int64_t steps, std::int64_t order) {
  return static_cast<std::size_t>(std::min({order, steps - index, index + 1}));
}

// UniC: the step that led here once more, with the estimate at its end.
torch::Tensor corrected(const SamplerState& state, const torch::Tensor& x0, std::int64_t order) {
  const auto& before = state.earlier.front();
  UnifiedStep step(before.x0, {.from = before.level, .to = state.step.from});
  for (std::size_t i = 1; i < order_at(state.index - 1, state.steps, order); ++i) {
    step.add(state.earlier[i].x0, state.earlier[i].level);
  }
  step.add(x0, state.step.from);
  return step.from(before.x);
}

// UniP, from the corrected x_t, by the estimate at the predicted one.
torch::Tensor predict_and_correct(SamplerState& state, const SamplerSettings& settings) {
  const auto x0 = state.now().x0;
  if (state.last) return x0;
  if (!state.earlier.empty()) state.x = corrected(state, x0, settings.order);
  UnifiedStep step(x0, state.step);
  for (std::size_t i = 0; i + 1 < order_at(state.index, state.steps, settings.order); ++i) {
    step.add(state.earlier[i].x0, state.earlier[i].level);
  }
  return step.from(state.x);
}

}  // namespace

Sampler unipc_sampler() {
  return {.paper = "Zhao et al. 2023, UniPC, algorithms 5 and 6",
          .step = predict_and_correct,
          .divides_by_signal = true};
}

}  // namespace assay
