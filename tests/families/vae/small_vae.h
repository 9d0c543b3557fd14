// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "tests/families/small_model.h"

namespace assay {

/// A VAE of 3 latent dimensions on images of 4x4.
inline std::unique_ptr<Trainable> vae(const std::string& more, std::int64_t classes = 0,
                                      const std::string& network = "mlp") {
  const std::string small = R"(family = "vae"
model.network = "mlp"
model.hidden_widths = [16]
model.latent_dim = 3
)";
  const auto definition = resolve_text(small + more, "here.toml", family_schema,
                                       {.overrides = {{"model.network", network}}});
  torch::manual_seed(1);
  return family("vae").make({.definition = definition,
                             .example_shape = {1, 4, 4},
                             .classes = classes,
                             .training_images = torch::zeros({100, 1, 4, 4}, torch::kUInt8)});
}

/// 8-bit images, of two classes in turn.
inline Batch batch_of(std::int64_t count) {
  const auto levels = torch::randint(0, 256, {count, 1, 4, 4}, seeded(4), torch::kFloat);
  return {levels / 127.5 - 1.0, torch::arange(count, torch::kLong).remainder(2)};
}

/// What a step on 8 images logs. Its noise is that of seeded(7), and epoch 0.5.
inline std::map<std::string, double> step(Trainable& model, std::int64_t index = 0,
                                          std::int64_t total = 10, std::int64_t images = 8) {
  auto noise = seeded(7);
  std::map<std::string, double> values;
  for (const auto& term : model.training_step(
           batch_of(images), {.step = index, .total_steps = total, .epoch = 0.5, .noise = noise})) {
    values[term.name] = term.value.item<double>();
  }
  return values;
}

}  // namespace assay
