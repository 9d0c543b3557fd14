// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <ATen/core/Generator.h>

#include <string_view>

#include "config/choices.h"

namespace assay {

/// How a GAN's weights start. Biases are 0, and scales of normalisations 1 unless said otherwise.
struct InitialWeights {
  std::string_view paper;
  /// Draws all weights of a network; `sd` is model.initial_sd, which not all look at.
  void (*draw)(torch::nn::Module& network, double sd, const torch::Generator& generator);
};

/// All of them, by the names that model.initial_weights takes:
///   normal            N(0, sd²), scales N(1, sd²) (initialise_dcgan)
///   truncated_normal  N(0, sd²), of convolutions drawn again beyond 2 sd (compare_gan's)
///   he_uniform        U(±√(6/fan_in)), of the last layer U(±√(6/(fan_in + fan_out))) (WGAN-GP's)
///   glorot_uniform    U(±g·√(6/(fan_in + fan_out))), g = √2 in residual branches, else 1 (SNGAN's)
/// fan_in of a weight [O,I,…] is I·…, fan_out O·….
const Choices<InitialWeights>& gan_initial_weights();

}  // namespace assay
