// SPDX-License-Identifier: Apache-2.0
// The losses of the first GAN: the discriminator is a logistic regression of "real", D =
// sigmoid(logits).
#include "families/gan/adversarial_loss.h"
#include "kernels/pointwise/logistic_loss.h"

namespace assay {
namespace {

// −E log D(x) − E log(1 − D(G(z))), the negative of the discriminator's value (Goodfellow et al.
// 2014, eq. 1): mean softplus(−real) + mean softplus(generated); 2 log 2 for logits of zero.
torch::Tensor classify(const torch::Tensor& real, const torch::Tensor& generated) {
  return logistic_loss(real, true) + logistic_loss(generated, false);
}

// −E log D(G(z)) (sec. 3): mean softplus(−generated).
torch::Tensor be_taken_for_real(const torch::Tensor& generated, const torch::Tensor&) {
  return logistic_loss(generated, true);
}

// E log(1 − D(G(z))) (eq. 1): −mean softplus(generated). Its gradient vanishes where the
// discriminator is sure.
torch::Tensor not_be_found_out(const torch::Tensor& generated, const torch::Tensor&) {
  return -logistic_loss(generated, false);
}

}  // namespace

AdversarialLoss non_saturating_loss() {
  return {.paper = "Goodfellow et al. 2014, sec. 3",
          .discriminator = classify,
          .generator = be_taken_for_real};
}

AdversarialLoss minimax_loss() {
  return {.paper = "Goodfellow et al. 2014, eq. 1",
          .discriminator = classify,
          .generator = not_be_found_out};
}

}  // namespace assay
