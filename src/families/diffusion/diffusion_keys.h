// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/schema.h"

namespace assay {

/// The parts of diffusion_schema() and ddpm_schema().

/// Of a grid of timesteps.
Schema ddpm_objective_keys();
Schema ddpm_sampler_keys();

/// Of any process and time.
Schema objective_keys();
Schema sampler_keys();
/// Classes and guidance.
Schema condition_keys();

}  // namespace assay
