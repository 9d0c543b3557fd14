// SPDX-License-Identifier: Apache-2.0
#include "families/gan/generated_batches.h"

#include <ATen/ATen.h>

#include <vector>

#include "families/gan/gan_networks.h"

namespace assay {

GeneratedBatches::GeneratedBatches(const Definition& definition, const Classes& classes,
                                   GeneratorPasses& run, torch::Device device)
    : latents_(latent_distributions().of(definition, "model.latent")),
      classes_(classes),
      run_(run),
      latent_dim_(definition.integer("model.latent_dim")),
      passes_(generator_passes(definition)),
      packing_(definition.integer("objective.packing")),
      device_(device) {}

GeneratedBatches::Input GeneratedBatches::drawn(std::int64_t count, const Noise& noise) const {
  const auto latents = [=, this] {
    return latents_.training(noise, {count, latent_dim_},
                             at::TensorOptions(at::kFloat).device(device_));
  };
  const auto z = latents();
  const auto classes = classes_.draw(count, noise);
  return {classes_.joined(z, classes), classes,
          [=, this] { return classes_.joined(latents(), classes); }};
}

Examples GeneratedBatches::examples(std::int64_t count, const Noise& noise) {
  std::vector<torch::Tensor> values, classes;
  for (std::int64_t pass = 0; pass < passes_; ++pass) {
    const auto input = drawn(count / passes_, noise);
    classes.push_back(input.classes);
    values.push_back(run_.train(input.z, input.second, noise));
  }
  // Place by place, so that packs are of neighbours; a pack has no class.
  auto all = passes_ == 1 ? values.front() : at::stack(values, 1).flatten(0, 1);
  return {packed(all, packing_), classes.front()};
}

StyledImages GeneratedBatches::styled(std::int64_t count, const Noise& noise) {
  const auto input = drawn(count, noise);
  const auto w = run_.training_styles(input.z, input.second, noise);
  return {run_.training_images(w, noise), w};
}

}  // namespace assay
