// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nn/blocks/sequential.h"

namespace assay {

/// Around the codebook: the networks of its first paper, or VQGAN's and latent diffusion's.
enum class VqVaeNetworkKind { kResidual, kMaps };

struct VqVaeNetworkOptions {
  VqVaeNetworkKind kind = VqVaeNetworkKind::kResidual;
  std::vector<std::int64_t> image_shape;  ///< {C,H,W}, sides that factor() divides
  std::int64_t channels = 128;
  std::int64_t residual_channels = 32;
  std::int64_t residual_layers = 2;
  std::int64_t codes = 512;                       ///< K
  std::int64_t code_dim = 64;                     ///< D
  std::vector<std::int64_t> level_channels = {};  ///< maps: outermost first
  std::int64_t blocks = 2;                        ///< maps: residual blocks of a level
  std::int64_t groups = 8;                        ///< maps: of group normalisation
  bool attention = true;                          ///< maps: in the middle of both networks

  /// How many times the sides of an image are those of its code maps, f.
  std::int64_t factor() const;
};

/// What does not fit, as the sentence of an error message; empty if all fits.
std::string vq_vae_network_misfit(const VqVaeNetworkOptions& options);

/// The networks of van den Oord et al. 2017, sec. 4.1, as in the authors' example: Conv C→c/2 4/2/1
/// · Conv c/2→c 4/2/1 · Conv 3/1/1 · residual layers x + Conv1(ReLU(Conv3(ReLU(x)))) · Conv1 c→D;
/// and Conv3 D→c · residual layers · ConvT c→c/2 4/2/1 · ConvT c/2→C 4/2/1. ReLU between them. Or
/// those of encoder_decoder.h's "maps" (Esser et al. 2021; Rombach et al. 2022). The codebook is a
/// buffer.
class VqVaeNetworkImpl : public torch::nn::Module {
 public:
  explicit VqVaeNetworkImpl(const VqVaeNetworkOptions& options);

  /// images [N,C,H,W] in [−1,1] -> z_e [N,D,H/f,W/f].
  torch::Tensor encode(const torch::Tensor& images);
  /// Quantised codes [N,D,H/f,W/f] -> logits [N,C,H,W]; sigmoid(logits) is the image in [0,1].
  torch::Tensor decode(const torch::Tensor& quantised);
  torch::nn::Module& decoder() { return *decoder_; }
  const torch::Tensor& codebook() const { return codebook_; }

  /// z_e [N,D,h,w] -> vectors [N·h·w,D].
  static torch::Tensor to_vectors(const torch::Tensor& maps);
  /// Codebook entries of indices [N,h·w] as maps [N,D,h,w].
  torch::Tensor to_maps(const torch::Tensor& indices) const;

 private:
  void build_residual(const VqVaeNetworkOptions& options);

  std::int64_t height_, width_;  // of the code maps
  bool rows_ = false;            // the decoder takes codes as rows
  Sequential encoder_, decoder_;
  torch::Tensor codebook_;  // [K,D]
};
TORCH_MODULE(VqVaeNetwork);

}  // namespace assay
