// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "tests/small_family.h"

namespace assay {

/// GANs whose generator has styles.
inline std::vector<SmallFamily> small_style_gans() {
  return {
      {"StyleGan2",
       R"(family = "gan"
ema.decay = 0.9
train.batch_size = 8
model.network = "stylegan2"
model.latent_dim = 4
model.style_dim = 8
model.mapping_layers = 2
model.style_channel_base = 64
model.style_channel_max = 8
model.condition = "projection"
objective.r1 = 0.1
objective.penalty_interval = 2
optimizer.beta1 = 0
optimizer.beta2 = 0.99
sampler.truncation = 0.7
sampler.truncation_cutoff = 2
)",
       {1, 8, 8},
       8},
      {"StyleGan",
       R"(family = "gan"
ema.half_life_images = 64
train.batch_size = 8
model.network = "stylegan"
model.latent_dim = 4
model.style_dim = 8
model.mapping_layers = 2
model.style_channel_base = 64
model.style_channel_max = 8
model.style_discriminator = "plain"
objective.r1 = 0.1
optimizer.beta1 = 0
optimizer.beta2 = 0.99
sampler.noise = "constant"
)",
       {1, 8, 8}},
  };
}

}  // namespace assay
