// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <vector>

#include "config/schema.h"
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/trainable.h"

namespace assay {

/// The keys of BEGAN (Berthelot et al. 2017): objective.began_gamma, objective.began_lambda and
/// model.critic_code_dim.
Schema began_keys();

/// What holds the two terms of a discriminator's loss in equilibrium (sec. 3.4): it minimises L(x)
/// − k L(G(z)), and after each of its steps
///   k ← clip(k + λ (γ L(x) − L(G(z))), 0, 1),  k = 0 at the start.
/// For a loss that is not balanced so, nothing.
class Equilibrium {
 public:
  Equilibrium(const Definition& definition, const AdversarialLoss& loss, torch::Device device);

  /// The logits of generated examples times k.
  torch::Tensor weighed(const torch::Tensor& generated_logits) const;
  /// Moves k. Appends equilibrium_k, the k of the step that was made, and convergence_measure, M =
  /// L(x) + |γ L(x) − L(G(z))| (sec. 3.4.1).
  void update(const torch::Tensor& real_logits, const torch::Tensor& generated_logits,
              std::vector<LossTerm>& terms);
  /// "equilibrium.k".
  void visit_state(StateVisitor& visitor);

 private:
  bool balances_;
  double gamma_, lambda_;
  torch::Tensor k_;
};

}  // namespace assay
