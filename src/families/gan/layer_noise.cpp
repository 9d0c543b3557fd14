// SPDX-License-Identifier: Apache-2.0
#include "families/gan/layer_noise.h"

#include <ATen/ATen.h>

#include <utility>

#include "families/sampling.h"

namespace assay {
namespace {

std::uint64_t next_seed(torch::Generator generator) {
  const auto drawn = at::empty({}, at::kLong).random_(generator);
  return static_cast<std::uint64_t>(drawn.item<std::int64_t>());
}

}  // namespace

LayerNoise drawn_noise(const Noise& noise) {
  return [noise](const NoisyLayer& layer) {
    const auto& sizes = layer.constant.sizes();
    return noise.normal({layer.examples, 1, sizes[0], sizes[1]}, layer.constant.options());
  };
}

LayerNoise noise_of_samples(std::vector<torch::Generator> generators) {
  return [generators = std::move(generators)](const NoisyLayer& layer) {
    const auto& sizes = layer.constant.sizes();
    TORCH_CHECK(layer.examples == static_cast<std::int64_t>(generators.size()), layer.examples,
                " examples and ", generators.size(), " generators");
    auto all = at::empty({layer.examples, 1, sizes[0], sizes[1]}, at::kFloat);
    for (std::int64_t i = 0; i < layer.examples; ++i) {
      all[i].normal_(0.0, 1.0, generators[static_cast<std::size_t>(i)]);
    }
    return all.to(layer.constant.device());
  };
}

NoiseSeeds::NoiseSeeds(std::int64_t count, const torch::Generator& generator) {
  const auto own = generator_of_sample(next_seed(generator.clone()));
  for (std::int64_t i = 0; i < count; ++i) seeds_.push_back(next_seed(own));
}

std::vector<torch::Generator> NoiseSeeds::of(std::int64_t begin, std::int64_t end) const {
  std::vector<torch::Generator> generators;
  if (seeds_.empty()) return generators;
  for (auto i = begin; i < end; ++i) {
    generators.push_back(generator_of_sample(seeds_[static_cast<std::size_t>(i)]));
  }
  return generators;
}

LayerNoise constant_noise() {
  return [](const NoisyLayer& layer) { return layer.constant.unsqueeze(0).unsqueeze(0); };
}

LayerNoise no_noise() {
  return [](const NoisyLayer&) { return torch::Tensor(); };
}

}  // namespace assay
