// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/events.h"
#include "families/trainable.h"

namespace assay {

/// Denoising diffusion probabilistic model (Ho et al. 2020) with a U-Net. Minimises L_simple (eq.
/// 14), the mean squared error of the predicted ε, or of v or x_0 (Salimans & Ho 2022), or one that
/// a LossWeighting weights by the timestep. Samples by one of the samplers of sampler.h.
///
/// Logged per step: loss.
Schema ddpm_schema();
/// Throws Error where switches exclude one another.
void check_ddpm(const Definition& definition);
/// Names the steps that are taken (0: all) and what they cost, and leaves out what one step has no
/// use for.
void describe_ddpm_sampling(const Definition& definition, std::int64_t training_images,
                            Protocol& protocol);
std::unique_ptr<Trainable> make_ddpm(const ModelArgs& args);

}  // namespace assay
