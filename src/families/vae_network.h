// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

struct VaeNetworkOptions {
  bool convolutional = false;
  std::vector<std::int64_t> image_shape;  ///< {C,H,W}
  std::vector<std::int64_t>
      channels;  ///< of the convolutions, outermost first; each halves the side
  std::vector<std::int64_t> hidden_widths;  ///< of the linear layers, outermost first
  std::int64_t latent_dim = 0;
  std::string activation;  ///< "relu", "silu" or "tanh"
};

/// What does not fit, as the sentence of an error message; empty if all fits.
std::string vae_network_misfit(const VaeNetworkOptions& options);

struct Posterior {
  torch::Tensor mu;      ///< [N,Z]
  torch::Tensor logvar;  ///< [N,Z]
};

/// Encoder and decoder of a VAE.
/// "mlp" (Kingma & Welling 2014, appendix C): linear layers with an activation between them.
/// "conv": Conv C→c₁ 4/2/1 · Conv 4/2/1, GN8 for each further channel count · Conv 3/1/1 · the
/// linear layers; the decoder mirrors it with transposed convolutions 4/2/1. Activation after each
/// but the last layer.
class VaeNetworkImpl : public torch::nn::Module {
 public:
  /// Throws c10::Error with vae_network_misfit()'s sentence.
  explicit VaeNetworkImpl(const VaeNetworkOptions& options);

  /// images: [N,C,H,W] f32 in [−1,1].
  Posterior encode(const torch::Tensor& images);
  /// z: [N,Z]. Returns logits [N,C,H,W]: sigmoid(logits) is the mean image in [0,1].
  torch::Tensor decode(const torch::Tensor& z);

 private:
  void build_mlp(const VaeNetworkOptions& options);
  void build_conv_encoder(const VaeNetworkOptions& options);
  void build_conv_decoder(const VaeNetworkOptions& options);

  torch::nn::Sequential encoder_, decoder_;
};
TORCH_MODULE(VaeNetwork);

}  // namespace assay
