// SPDX-License-Identifier: Apache-2.0
#include "families/gan/latents.h"

#include <ATen/ATen.h>

#include "families/sampling.h"

namespace assay {
namespace {

torch::Tensor normal(const Noise& noise, at::IntArrayRef sizes, const at::TensorOptions& options) {
  return noise.normal(sizes, options);
}

torch::Tensor sampled_normal(std::int64_t count, std::int64_t dimensions,
                             const torch::Generator& generator) {
  return draw_normal(count, {dimensions}, generator);
}

torch::Tensor uniform(const Noise& noise, at::IntArrayRef sizes, const at::TensorOptions& options) {
  return 2.0 * noise.uniform(sizes, options) - 1.0;
}

torch::Tensor sampled_uniform(std::int64_t count, std::int64_t dimensions,
                              const torch::Generator& generator) {
  auto z = at::empty({count, dimensions}, at::kFloat);
  for (std::int64_t i = 0; i < count; ++i) z[i].uniform_(-1.0, 1.0, generator);
  return z;
}

}  // namespace

const Choices<LatentDistribution>& latent_distributions() {
  static const Choices<LatentDistribution> all = {{"normal", {normal, sampled_normal}},
                                                  {"uniform", {uniform, sampled_uniform}}};
  return all;
}

}  // namespace assay
