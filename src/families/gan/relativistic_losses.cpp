// SPDX-License-Identifier: Apache-2.0
// Losses of differences between what the discriminator says of real and of generated examples: one
// number added to all its logits changes nothing.
#include "families/gan/adversarial_loss.h"
#include "kernels/pointwise/logistic_loss.h"

namespace assay {
namespace {

// E softplus(−(D(x) − D(G(z)))), pair by pair in the batch's order (Jolicoeur-Martineau 2019,
// sec. 3.2, with f = softplus; Huang et al. 2024 (R3GAN), eq. 2).
torch::Tensor tell_pairs_apart(const torch::Tensor& real, const torch::Tensor& generated) {
  return logistic_loss(real - generated, true);
}

// E softplus(−(D(G(z)) − D(x))).
torch::Tensor beat_its_pair(const torch::Tensor& generated, const torch::Tensor& real) {
  return logistic_loss(generated - real, true);
}

// ½ (E softplus(−r) + E softplus(g)) with r = D(x) − E D(G(z)), g = D(G(z)) − E D(x), both of the
// raw logits (Jolicoeur-Martineau 2019, sec. 3.3, halved).
torch::Tensor tell_from_average(const torch::Tensor& real, const torch::Tensor& generated) {
  return 0.5 * (logistic_loss(real - generated.mean(), true) +
                logistic_loss(generated - real.mean(), false));
}

// The same with both signs turned.
torch::Tensor beat_the_average(const torch::Tensor& generated, const torch::Tensor& real) {
  return 0.5 * (logistic_loss(real - generated.mean(), false) +
                logistic_loss(generated - real.mean(), true));
}

}  // namespace

AdversarialLoss relativistic_loss() {
  return {.paper = "Jolicoeur-Martineau 2019; Huang et al. 2024, eq. 2",
          .discriminator = tell_pairs_apart,
          .generator = beat_its_pair,
          .compares = true,
          .boundary = std::nullopt};
}

AdversarialLoss relativistic_average_loss() {
  return {.paper = "Jolicoeur-Martineau 2019, sec. 3.3",
          .discriminator = tell_from_average,
          .generator = beat_the_average,
          .compares = true,
          .boundary = std::nullopt};
}

}  // namespace assay
