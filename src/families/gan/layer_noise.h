// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/noise.h"

namespace assay {

/// A layer of a generator that adds noise to its features.
struct NoisyLayer {
  std::int64_t examples;
  /// [S,S] f32, a noise image of the layer's own that never changes, on the network's device.
  const torch::Tensor& constant;
};

/// Asked once by each such layer of a pass, the innermost first: one noise image for all channels,
/// [N,1,S,S] or [1,1,S,S], independent of all others; undefined: none.
using LayerNoise = std::function<torch::Tensor(const NoisyLayer& layer)>;

/// N(0, 1) per example: a training step's.
LayerNoise drawn_noise(const Noise& noise);
/// N(0, 1) per example from the example's own generator, on the CPU: what a sample gets does not
/// depend on the others of its batch.
LayerNoise noise_of_samples(std::vector<torch::Generator> generators);
/// A seed for each of a request's samples, from a generator of their own.
class NoiseSeeds {
 public:
  NoiseSeeds() = default;
  /// Seeded by what `generator` would draw next, which it stays as it is.
  NoiseSeeds(std::int64_t count, const torch::Generator& generator);
  /// Generators of the samples [begin, end); none without seeds.
  std::vector<torch::Generator> of(std::int64_t begin, std::int64_t end) const;

 private:
  std::vector<std::uint64_t> seeds_;
};

/// The layers' own images, the same for all examples.
LayerNoise constant_noise();
LayerNoise no_noise();

}  // namespace assay
