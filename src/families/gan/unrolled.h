// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "config/choices.h"
#include "families/optimizer.h"
#include "nn/blocks/sequential.h"
#include "nn/substituted.h"

namespace assay {

using MakeUnrolledUpdates = std::unique_ptr<UnrolledUpdates> (*)(const Optimizer& optimizer);

/// How the discriminator is taken to go on, by the names of objective.unrolled_updates.
const Choices<MakeUnrolledUpdates>& unrolled_updates();

/// objective.unrolled_steps and objective.unrolled_updates.
Schema unrolled_keys();

/// A discriminator as it will be after K = objective.unrolled_steps more steps against this
/// generator (Metz et al. 2017, eq. 7 to 9).
class Unrolling {
 public:
  /// Both must outlive this.
  Unrolling(const Definition& definition, Sequential& discriminator, const Optimizer& optimizer);

  /// For as long as what it returns lives, the discriminator computes with θ^K: θ⁰ = θ, θ^{k+1} =
  /// the update of θ^k by ∇f(θ_G, θ^k), with a graph to the generator's batch, so that what is
  /// judged has the gradient through the steps too. K = 0: nothing. loss: f, of the discriminator
  /// with the weights that it has when called.
  [[nodiscard]] std::unique_ptr<Substituted> ahead(
      const StepContext& context, const std::function<torch::Tensor()>& loss) const;

 private:
  std::int64_t steps_;
  MakeUnrolledUpdates make_updates_;
  Sequential& discriminator_;
  const Optimizer& optimizer_;
};

}  // namespace assay
