// SPDX-License-Identifier: Apache-2.0
// The losses of the first GAN: the discriminator is a logistic regression of "real", D =
// sigmoid(logits).
#include "families/gan/adversarial_loss.h"
#include "families/gan/critic_penalty.h"
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

// E D(x), the logits: with weight ε it turns the label of real examples into 1 − ε, since
// (1 − ε) softplus(−l) + ε softplus(l) = softplus(−l) + ε l. Labels of generated ones stay 0.
torch::Tensor confidence(const CriticView& view) {
  return view.logits(view.real, view.real_classes).mean();
}

}  // namespace

AdversarialLoss non_saturating_loss() {
  return {.paper = "Goodfellow et al. 2014, sec. 3",
          .discriminator = classify,
          .generator = be_taken_for_real,
          .logistic = true};
}

AdversarialLoss minimax_loss() {
  return {.paper = "Goodfellow et al. 2014, eq. 1",
          .discriminator = classify,
          .generator = not_be_found_out,
          .logistic = true};
}

CriticPenalty label_smoothing() {
  return {.paper = "Salimans et al. 2016, sec. 3.4",
          .meaning =
              "the discriminator's label of real examples is 1 less so much (one-sided label "
              "smoothing, Salimans et al. 2016)",
          .value = confidence,
          .takes_examples_alone = false,
          .bounds_slope = false,
          .every_step = true};
}

}  // namespace assay
