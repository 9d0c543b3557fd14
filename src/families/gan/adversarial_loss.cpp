// SPDX-License-Identifier: Apache-2.0
#include "families/gan/adversarial_loss.h"

namespace assay {

// Each is described where it is defined.
AdversarialLoss non_saturating_loss(), minimax_loss();

const Choices<AdversarialLoss>& adversarial_losses() {
  static const Choices<AdversarialLoss> all = {{"non_saturating", non_saturating_loss()},
                                               {"minimax", minimax_loss()}};
  return all;
}

}  // namespace assay
