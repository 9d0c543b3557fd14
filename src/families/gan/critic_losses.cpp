// SPDX-License-Identifier: Apache-2.0
// Losses whose discriminator gives a score, not the logit of a probability.
#include <ATen/ATen.h>

#include "families/gan/adversarial_loss.h"

namespace assay {
namespace {

// ½ E(D(x) − 1)² + ½ E D(G(z))² (Mao et al. 2017, eq. 9: a = 0, b = c = 1); ½ where D is 0 or 1
// everywhere, ¼ where it is ½.
torch::Tensor regress_labels(const torch::Tensor& real, const torch::Tensor& generated) {
  return 0.5 * ((real - 1.0).square().mean() + generated.square().mean());
}

// ½ E(D(G(z)) − 1)² (eq. 9).
torch::Tensor be_labelled_real(const torch::Tensor& generated, const torch::Tensor&) {
  return 0.5 * (generated - 1.0).square().mean();
}

// The same of sigmoid(D), E (σ(D(x)) − 1)² + E σ(D(G(z)))² and E (σ(D(G(z))) − 1)² (compare_gan,
// branch v1, LSGAN), halved.
torch::Tensor regress_labels_on_sigmoids(const torch::Tensor& real,
                                         const torch::Tensor& generated) {
  return regress_labels(real.sigmoid(), generated.sigmoid());
}

torch::Tensor be_labelled_real_by_sigmoid(const torch::Tensor& generated, const torch::Tensor&) {
  return be_labelled_real(generated.sigmoid(), {});
}

// E D(G(z)) − E D(x), the negative of what D says of the Wasserstein distance (Arjovsky et al.
// 2017, eq. 2 and algorithm 1).
torch::Tensor separate(const torch::Tensor& real, const torch::Tensor& generated) {
  return generated.mean() - real.mean();
}

// E max(0, 1 − D(x)) + E max(0, 1 + D(G(z))) (Lim & Ye 2017; Miyato et al. 2018, eq. 16).
torch::Tensor keep_margins(const torch::Tensor& real, const torch::Tensor& generated) {
  return at::relu(1.0 - real).mean() + at::relu(1.0 + generated).mean();
}

// −E D(G(z)) (Arjovsky et al. 2017, algorithm 1; Miyato et al. 2018, eq. 17): without a margin, so
// that a discriminator that has won leaves a gradient.
torch::Tensor raise_score(const torch::Tensor& generated, const torch::Tensor&) {
  return -generated.mean();
}

}  // namespace

AdversarialLoss least_squares_loss() {
  return {.paper = "Mao et al. 2017, eq. 9",
          .discriminator = regress_labels,
          .generator = be_labelled_real,
          .boundary = 0.5};
}

AdversarialLoss least_squares_of_sigmoid_loss() {
  return {.paper = "Lucic et al. 2018, code",
          .discriminator = regress_labels_on_sigmoids,
          .generator = be_labelled_real_by_sigmoid};
}

AdversarialLoss wasserstein_loss() {
  return {.paper = "Arjovsky et al. 2017, algorithm 1",
          .discriminator = separate,
          .generator = raise_score,
          .boundary = std::nullopt,
          .needs_bounded_slope = true};
}

AdversarialLoss hinge_loss() {
  return {.paper = "Lim & Ye 2017; Miyato et al. 2018, eq. 16 and 17",
          .discriminator = keep_margins,
          .generator = raise_score};
}

}  // namespace assay
