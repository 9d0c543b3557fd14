// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Generator.h>
#include <torch/types.h>

#include <cstdint>

#include "config/choices.h"
#include "nn/noise.h"

namespace assay {

/// What a generator's z [N,Z] is drawn from.
struct LatentDistribution {
  /// For a training step.
  torch::Tensor (*training)(const Noise& noise, at::IntArrayRef sizes,
                            const at::TensorOptions& options);
  /// For samples, on the CPU one after another, so that the first n of them are the same however
  /// many follow.
  torch::Tensor (*sampled)(std::int64_t count, std::int64_t dimensions,
                           const torch::Generator& generator);
};

/// By the names that model.latent takes: N(0, I), or uniform in (−1, 1) per dimension.
const Choices<LatentDistribution>& latent_distributions();

}  // namespace assay
