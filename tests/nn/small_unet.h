// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "nn/blocks/unet.h"

namespace assay {

/// Two levels of 8×8 images with attention at the lower one, as the peers' scripts build it.
inline UNetOptions small_unet() {
  UNetOptions options;
  options.image_size = 8;
  options.base_channels = 8;
  options.multipliers = {1, 2};
  options.blocks = 1;
  options.attention_resolutions = {4};
  options.heads = 2;
  options.groups = 4;
  options.resample = UNetResample::kResidual;
  return options;
}

}  // namespace assay
