// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/loss_weighting.h"

#include <ATen/ATen.h>

namespace assay {

// Each is described where it is defined.
LossWeighting min_snr_weighting(), p2_weighting(), vlb_weighting();

namespace {

// L_simple: w = 1.
std::vector<double> all_alike(const NoiseSchedule&, const Parameterisation&,
                              const LossWeightingSettings&) {
  return {};
}

}  // namespace

const Choices<LossWeighting>& loss_weightings() {
  static const Choices<LossWeighting> all = {
      {"simple", {.paper = "Ho et al. 2020, eq. 14", .weights = all_alike}},
      {"min_snr", min_snr_weighting()},
      {"p2", p2_weighting()},
      {"vlb", vlb_weighting()}};
  return all;
}

double signal_to_noise(double alpha_bar) { return alpha_bar / (1.0 - alpha_bar); }

torch::Tensor weighted_squared_error(const torch::Tensor& predicted, const torch::Tensor& target,
                                     const torch::Tensor& weights, const torch::Tensor& t) {
  if (!weights.defined()) return at::mse_loss(predicted, target);
  const auto of_images = at::mse_loss(predicted, target, at::Reduction::None).flatten(1).mean(1);
  return (weights.index_select(0, t) * of_images).mean();
}

}  // namespace assay
