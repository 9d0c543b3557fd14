// SPDX-License-Identifier: Apache-2.0
#include "families/gan/adversarial_loss.h"

namespace assay {

// Each is described where it is defined.
AdversarialLoss non_saturating_loss(), minimax_loss();
AdversarialLoss least_squares_loss(), least_squares_of_sigmoid_loss(), wasserstein_loss(),
    hinge_loss();
AdversarialLoss relativistic_loss(), relativistic_average_loss();
AdversarialLoss began_loss();

const Choices<AdversarialLoss>& adversarial_losses() {
  static const Choices<AdversarialLoss> all = {
      {"non_saturating", non_saturating_loss()},
      {"minimax", minimax_loss()},
      {"least_squares", least_squares_loss()},
      {"least_squares_of_sigmoid", least_squares_of_sigmoid_loss()},
      {"wasserstein", wasserstein_loss()},
      {"hinge", hinge_loss()},
      {"relativistic", relativistic_loss()},
      {"relativistic_average", relativistic_average_loss()},
      {"began", began_loss()}};
  return all;
}

}  // namespace assay
