// SPDX-License-Identifier: Apache-2.0
#include "families/gan/progress.h"

#include "core/events.h"
#include "kernels/pointwise/logistic_loss.h"

namespace assay {
namespace {

constexpr const char* kPairs = "discriminator_pair_accuracy";
constexpr const char* kReal = "discriminator_real_accuracy";
constexpr const char* kGenerated = "discriminator_generated_accuracy";

}  // namespace

Schema failure_keys() {
  return {{.path = "objective.vanishing_norm",
           .default_value = 1e-5,
           .meaning = "the event vanishing_gradient: the norm of the generator's gradient is below "
                      "this; 0: never",
           .minimum = 0,
           .maximum = 1e6,
           .identity = false},
          {.path = "objective.won_accuracy",
           .default_value = 0.99,
           .meaning = "the event discriminator_won: it tells more than this share of the real and "
                      "of the generated examples right; 1: never",
           .minimum = 0.5,
           .maximum = 1,
           .identity = false}};
}

std::vector<FailureSign> gan_failure_signs(const Definition& definition,
                                           const AdversarialLoss& loss) {
  return {{.event = std::string(kVanishingGradient),
           .terms = {"generator_gradient_norm"},
           .limit = definition.number("objective.vanishing_norm"),
           .above = false},
          {.event = std::string(kDiscriminatorWon),
           .terms = loss.boundary ? std::vector<std::string>{kReal, kGenerated}
                                  : std::vector<std::string>{kPairs},
           .limit = definition.number("objective.won_accuracy")}};
}

void log_accuracy(const AdversarialLoss& loss, const torch::Tensor& real,
                  const torch::Tensor& generated, std::vector<LossTerm>& terms) {
  if (!loss.boundary) {
    terms.push_back({kPairs, logistic_accuracy(real - generated, true)});
    return;
  }
  terms.push_back({kReal, logistic_accuracy(real, true, *loss.boundary)});
  terms.push_back({kGenerated, logistic_accuracy(generated, false, *loss.boundary)});
}

}  // namespace assay
