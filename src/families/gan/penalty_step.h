// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "families/optimizer.h"

namespace assay {

/// objective.penalty_step: where a lazy penalty, due at every k-th update and counting k times
/// (Karras et al. 2020, "Analyzing and Improving the Image Quality of StyleGAN", sec. 3.1), enters.
/// "joined": it is added to the loss of the update at which it is due. "apart": it is followed by
/// an update of its own, as in the authors' code.
Key penalty_step_key();
bool penalties_apart(const Definition& definition);

/// With updates of its own a penalty makes k + 1 of what were k, so that Adam is corrected by
/// c = k/(k + 1) (ibid., appendix B): λ' = c λ, β1' = β1^c, β2' = β2^c. Joined to a loss it adds
/// none, and everything stays.
OptimizerOptions corrected_for_penalty_steps(OptimizerOptions options, std::int64_t interval);

/// One update by a penalty alone; none if it is undefined. A weight that it does not reach has the
/// gradient 0: the moments decay there too, as they do where the authors add 0 times the output.
void penalty_step(Optimizer& optimizer, const torch::Tensor& penalty, const StepContext& context);

}  // namespace assay
