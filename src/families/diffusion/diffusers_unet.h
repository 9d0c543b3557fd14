// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "nn/files/diffusers_names.h"

namespace assay {

/// A definition's U-Net as diffusers has it. It is asked there with the timestep, t times the
/// highest frequency of the time. Throws Error naming the keys of what has no counterpart there.
DiffusersUNet diffusers_unet(const Definition& definition);

}  // namespace assay
