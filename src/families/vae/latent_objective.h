// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "families/trainable.h"
#include "families/vae/factor.h"
#include "families/vae/mmd.h"
#include "families/vae/posterior.h"
#include "families/vae/total_correlation.h"
#include "families/vae/vae_choices.h"

namespace assay {

/// What a VAE minimises besides −log p(x|z): the KL term in one of its forms, and penalties on the
/// aggregate posterior. All keys of [objective] that say so, and which of them go together.
class LatentObjective {
 public:
  /// Throws Error for keys that exclude each other, naming both.
  LatentObjective(const Definition& definition, std::int64_t latent_dim, std::int64_t data_size,
                  torch::Device device);

  bool importance_weighted() const { return importance_weighted_; }
  std::int64_t samples() const { return samples_; }
  /// Weight of the KL term at this step, warm-up or cycles included.
  double weight(const StepContext& context) const;

  /// The KL term as it enters the loss of a Gaussian posterior: weight · KL, weight · KL with free
  /// bits, γ|KL − C|, or weight · (α MI + β TC + γ Σ_j KL_j). kl: [N] nats of the posterior; z: its
  /// first draw. Adds what is worth logging to `terms`. A point posterior has no KL and does not
  /// come here.
  torch::Tensor kl_term(const Posterior& posterior, const torch::Tensor& z, const torch::Tensor& kl,
                        const StepContext& context, std::vector<LossTerm>& terms) const;
  /// The sum of the weighted penalties on the aggregate posterior; undefined if there are none.
  torch::Tensor penalties(const Posterior& posterior, const torch::Tensor& z,
                          const StepContext& context, std::vector<LossTerm>& terms);
  /// The discriminator's step of a FactorVAE, after the network's.
  void update_discriminator(const torch::Tensor& z, const StepContext& context,
                            std::vector<LossTerm>& terms);
  void visit_state(StateVisitor& visitor);

 private:
  bool importance_weighted_, cyclical_;
  std::int64_t samples_, cycles_, capacity_steps_, data_size_;
  double beta_, warm_up_epochs_, cycle_rise_, free_nats_, capacity_, capacity_gamma_;
  std::optional<AggregateEstimator> kl_parts_;
  Dip dip_;
  double mutual_information_, total_correlation_, dimension_wise_;
  double factor_gamma_, dip_off_diagonal_, dip_diagonal_, mmd_weight_, mmd_bandwidth_;
  MmdKernel mmd_kernel_;
  std::optional<FactorDiscriminator> discriminator_;
};

}  // namespace assay
