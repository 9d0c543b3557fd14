// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

/// A family on settings small enough to train in seconds.
struct SmallFamily {
  std::string label;
  std::string toml;
  std::vector<std::int64_t> example_shape;
  std::int64_t classes = 0;
};

/// And GANs whose generator has styles.
inline std::vector<SmallFamily> with_style_gans(std::vector<SmallFamily> all) {
  const std::vector<SmallFamily> styles = {
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
  all.insert(all.end(), styles.begin(), styles.end());
  return all;
}

}  // namespace assay
