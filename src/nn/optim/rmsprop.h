// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/optim/update_rule.h"

namespace assay {

struct RmsPropOptions {
  double decay = 0.99;  ///< α, of the mean square
  double epsilon = 1e-8;
  double weight_decay = 0.0;
};

/// RMSProp (Tieleman & Hinton 2012, lecture 6.5) as torch.optim.RMSprop has it, without momentum
/// and not centred. With g the gradient, weight_decay · w added to it,
///   v ← α v + (1−α) g²,   w ← w − η · g / (√v + ε),   v = 0 at the start.
class RmsProp : public UpdateRule {
 public:
  RmsProp(torch::nn::Module& module, const RmsPropOptions& options);

  void step(double learning_rate) override;
  std::unique_ptr<UnrolledUpdates> unrolled() const override;
  /// "<prefix>.<parameter>.v".
  void visit_state(StateVisitor& visitor, const std::string& prefix) override;

 private:
  RmsPropOptions options_;
  std::vector<torch::Tensor> v_;
};

}  // namespace assay
