// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <ATen/core/Tensor.h>
#include <torch/types.h>

#include <functional>
#include <vector>

namespace assay {

/// Where a training step draws from: one generator, or, where several seeds train as one model
/// (kernels/runtime/seed_batch.h), a generator of each, so that every seed sees, bit for bit, the
/// draws of its run alone. `options`: the draws' type and device, which is the generators'.
class Noise {
 public:
  // NOLINTNEXTLINE(google-explicit-constructor): one generator is the usual case.
  Noise(torch::Generator generator) : generators_{std::move(generator)} {}
  /// One generator a place of the batch, at least one of them defined; a place without one, which
  /// nobody looks at, repeats the draws of the first that has one. Draws are batched over seeds.
  explicit Noise(std::vector<torch::Generator> of_seeds);

  /// N(0, 1), as at::randn.
  at::Tensor normal(at::IntArrayRef sizes, const at::TensorOptions& options) const;
  /// Uniform in [0, 1), as at::rand.
  at::Tensor uniform(at::IntArrayRef sizes, const at::TensorOptions& options) const;
  /// 1 with the given probability, else 0; x's sizes, type, device and memory order.
  at::Tensor bernoulli_like(const at::Tensor& x, double probability) const;

 private:
  /// What one seed draws, stacked over seeds.
  using Draw = std::function<at::Tensor(std::size_t seed, const torch::Generator& generator)>;
  at::Tensor over_seeds(const Draw& draw) const;

  std::vector<torch::Generator> generators_;
  bool batched_ = false;
};

}  // namespace assay
