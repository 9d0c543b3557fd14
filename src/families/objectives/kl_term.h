// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "families/objectives/latent_term.h"

namespace assay {

/// KL with free bits (Kingma et al. 2016; each dimension is a group):
///   Σ_j max(λ, mean over the batch of KL_j)
/// A dimension below λ nats costs λ and has no gradient. kl: [N,Z] of kl_per_dimension(). 0-dim.
torch::Tensor free_bits_kl(const torch::Tensor& kl, double free_nats);

/// Distance of the KL from a capacity (Burgess et al. 2018, eq. 8): |kl − C|, without its weight γ.
/// kl: 0-dim, nats.
torch::Tensor capacity_distance(const torch::Tensor& kl, double capacity_nats);

/// Capacity in nats at a 0-based step (Burgess et al. 2018, sec. 4.2): it grows linearly from 0 to
/// `largest` over `steps`, then stays.
double capacity_at(double largest, std::int64_t step, std::int64_t steps);

/// The KL term of the ELBO: its weight (kl_weight.h) times the mean of the view's kl.
std::unique_ptr<LatentTerm> make_plain_kl_term(const LatentTermArgs& args);
/// Weight · KL with free bits. Logs free_bits_kl_nats.
LatentTermSource free_bits_term();
/// γ |KL − C|, with a weight of its own.
LatentTermSource capacity_term();

}  // namespace assay
