// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/optim/update_rule.h"

namespace assay {

struct AdamOptions {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  double weight_decay = 0.0;
  bool epsilon_hat = false;  ///< ε is added before the bias is corrected
  bool decoupled = false;    ///< AdamW: the decay acts on the weight, not on the gradient
};

/// Adam (Kingma & Ba 2015, algorithm 1) or AdamW (Loshchilov & Hutter 2019, algorithm 2), one fused
/// kernel call per step. With g the gradient, at step t = 1, 2, …
///   m ← β1 m + (1−β1) g,   v ← β2 v + (1−β2) g²,
///   w ← w − η · (m / (1−β1^t)) / (√(v / (1−β2^t)) + ε).
/// With epsilon_hat, the efficient form at the end of Kingma & Ba 2015, sec. 2, which TensorFlow
/// and Blocks have: ε stands for ε̂,
///   w ← w − η √(1−β2^t) / (1−β1^t) · m / (√v + ε),
/// that is ε / √(1−β2^t) in the line above: 32 times as much at β2 = 0.999 and t = 1.
/// Adam adds weight_decay · w to g; AdamW first scales w by 1 − η · weight_decay.
class Adam : public UpdateRule {
 public:
  Adam(torch::nn::Module& module, const AdamOptions& options);

  void step(double learning_rate) override;
  std::unique_ptr<UnrolledUpdates> unrolled() const override;
  /// "<prefix>.<parameter>.m", "….v" and "<prefix>.step".
  void visit_state(StateVisitor& visitor, const std::string& prefix) override;

 private:
  AdamOptions options_;
  std::vector<torch::Tensor> m_, v_;
  torch::Tensor step_;  ///< 0-dim f32, shared by all parameters: exact up to 2^24 steps
};

}  // namespace assay
