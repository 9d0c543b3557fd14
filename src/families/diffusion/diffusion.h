// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "core/events.h"
#include "families/capabilities.h"
#include "families/trainable.h"

namespace assay {

/// Diffusion and flow models: a Process that makes noise of examples, a network whose output a
/// Parameterisation explains, a LossWeighting and a TimeDistribution of its squared error, and a
/// Sampler that asks the network back to examples. Each is a table of pages in this folder.
///
/// Logged per step: loss; vlb in bits per value where the variance is learned; classifier_loss and
/// classifier_accuracy where a classifier is trained beside.
Schema diffusion_schema();
/// Throws Error where what is composed does not go together.
void check_diffusion(const Definition& definition);
/// Names the steps that are taken (0: all), how often they evaluate the network, as a run on
/// nothing counts it ("adaptive" where that depends on the example), and leaves out what one step
/// has no use for.
void describe_diffusion_sampling(const Definition& definition, std::int64_t training_images,
                                 Protocol& protocol);
/// Of both families.
Capabilities diffusion_capabilities(const Definition& definition);
std::unique_ptr<Trainable> make_diffusion(const ModelArgs& args);

/// Denoising diffusion probabilistic model (Ho et al. 2020): the corner of that space with a grid
/// of T timesteps and a U-Net. Minimises L_simple (eq. 14), the mean squared error of the predicted
/// ε, or of v or x_0 (Salimans & Ho 2022), or one that is weighted by the timestep.
Schema ddpm_schema();
void check_ddpm(const Definition& definition);
void describe_ddpm_sampling(const Definition& definition, std::int64_t training_images,
                            Protocol& protocol);

}  // namespace assay
