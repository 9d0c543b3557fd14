// SPDX-License-Identifier: Apache-2.0
#include "nn/noise.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "kernels/runtime/seed_batch.h"

namespace assay {

Noise::Noise(std::vector<torch::Generator> of_seeds)
    : generators_(std::move(of_seeds)), batched_(true) {
  TORCH_CHECK(std::any_of(generators_.begin(), generators_.end(),
                          [](const torch::Generator& generator) { return generator.defined(); }),
              "noise of several seeds needs a generator");
}

at::Tensor Noise::normal(at::IntArrayRef sizes, const at::TensorOptions& options) const {
  if (!batched_) return at::randn(sizes, generators_.front(), options);
  return over_seeds([&](std::size_t, const torch::Generator& generator) {
    return at::randn(sizes, generator, options);
  });
}

at::Tensor Noise::uniform(at::IntArrayRef sizes, const at::TensorOptions& options) const {
  if (!batched_) return at::rand(sizes, generators_.front(), options);
  return over_seeds([&](std::size_t, const torch::Generator& generator) {
    return at::rand(sizes, generator, options);
  });
}

at::Tensor Noise::bernoulli_like(const at::Tensor& x, double probability) const {
  if (!batched_) return at::empty_like(x.detach()).bernoulli_(probability, generators_.front());
  const auto of_seeds = stack_over_seeds(x.detach()).unbind(0);
  return over_seeds([&](std::size_t seed, const torch::Generator& generator) {
    return at::empty_like(of_seeds[seed]).bernoulli_(probability, generator);
  });
}

at::Tensor Noise::over_seeds(const Draw& draw) const {
  const auto seeds = static_cast<std::int64_t>(generators_.size());
  TORCH_CHECK(seeds == seeds_in_batch(), "noise of ", seeds, " seeds in a batch of ",
              seeds_in_batch());
  const OutsideSeedBatch stacks;
  std::vector<at::Tensor> draws(generators_.size());
  at::Tensor donor;
  for (std::size_t s = 0; s < draws.size(); ++s) {
    if (!generators_[s].defined()) continue;
    draws[s] = draw(s, generators_[s]);
    if (!donor.defined()) donor = draws[s];
  }
  for (auto& of_seed : draws) {
    if (!of_seed.defined()) of_seed = donor;
  }
  return batch_over_seeds(at::stack(draws));
}

}  // namespace assay
