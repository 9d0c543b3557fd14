// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/container/sequential.h>

#include <string>

#include "nn/blocks/convolution.h"
#include "nn/blocks/equalised.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/sequential.h"
#include "nn/blocks/unet.h"

// The networks that peers_training.py builds too, out of assay's layers. Names of parameters agree,
// and both sides start from the weights that this side writes.
namespace assay::perf {

/// Kingma & Welling's VAE as in PyTorch's examples: 784-400-20-400-784, ReLU. Returns the loss
/// summed over images: Bernoulli cross-entropy + KL.
class MlpVaeImpl : public torch::nn::Module {
 public:
  MlpVaeImpl();
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& eps);

 private:
  Linear hidden_{784, 400}, mu_{400, 20}, logvar_{400, 20}, decode1_{20, 400}, decode2_{400, 784};
};
TORCH_MODULE(MlpVae);

/// Convolutions 1-32-64 of 4×4, stride 2; linear 3136-256-32 and back; ReLU.
class ConvVaeImpl : public torch::nn::Module {
 public:
  ConvVaeImpl();
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& eps);

 private:
  Convolution conv1_, conv2_;
  Linear hidden_{3136, 256}, mu_{256, 32}, logvar_{256, 32}, decode1_{32, 256}, decode2_{256, 3136};
  TransposedConvolution widen1_, widen2_;
};
TORCH_MODULE(ConvVae);

/// DCGAN (Radford et al. 2016) for 32×32 RGB images, 64 channels at the widest side.
torch::nn::Sequential dcgan_generator();
torch::nn::Sequential dcgan_discriminator();
/// The same with layer normalisation over all channels, for WGAN-GP.
torch::nn::Sequential wgan_critic();

/// StyleGAN2's networks for 32×32 RGB images: 64 channels at all sides, z and w of 64 dimensions.
Sequential style_generator_network();
Sequential style_discriminator_network();

/// Two of its styled convolutions, 64 to 64 channels: leaky ReLU(modulated convolution + bias) ·
/// √2.
class StyledPairImpl : public torch::nn::Module {
 public:
  StyledPairImpl();
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& w);

 private:
  struct Layer {
    EqualisedLinear affine{nullptr};
    torch::Tensor weight, bias;
  };
  Layer add(const std::string& name);
  Layer first_, second_;
};
TORCH_MODULE(StyledPair);

/// Ho et al.'s U-Net for 28×28 grey images: 32 channels times 1, 2, 4; 3.6 M parameters. No layer
/// starts at zero, so that every gradient counts.
UNet ddpm_unet();

}  // namespace assay::perf
