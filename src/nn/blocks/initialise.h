// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <ATen/core/Generator.h>

namespace assay {

/// Of a weight [O,I,…]: the product of all its dimensions but the first, or but the second.
double fan_in(const torch::Tensor& weight);
double fan_out(const torch::Tensor& weight);

/// DCGAN's initial weights (Radford et al. 2016, sec. 4): weights of convolutions and linear layers
/// ~ N(0, sd²), scales of normalisations ~ N(1, sd²), all biases 0.
void initialise_dcgan(torch::nn::Module& module, double sd, torch::Generator generator);

/// Weights ~ N(0, 2 / fan_in) for ReLU networks (He et al. 2015, eq. 10), biases 0.
void initialise_kaiming(torch::nn::Module& module, torch::Generator generator);

/// Weights ~ U(−a, a), a = √(6 / (fan_in + fan_out)) (Glorot & Bengio 2010, eq. 16), biases 0.
void initialise_xavier(torch::nn::Module& module, torch::Generator generator);

/// The CPU generator that construction draws from, seeded by the harness from stream init.
torch::Generator construction_generator();

/// Puts that generator back where it was, at the end of a scope: networks whose weights are loaded
/// or drawn anew draw from it all the same, and a run that is scored between two steps goes on with
/// it.
class KeptConstructionGenerator {
 public:
  KeptConstructionGenerator();
  ~KeptConstructionGenerator();
  KeptConstructionGenerator(const KeptConstructionGenerator&) = delete;
  KeptConstructionGenerator& operator=(const KeptConstructionGenerator&) = delete;

 private:
  torch::Generator generator_;
  torch::Tensor state_;
};

}  // namespace assay
