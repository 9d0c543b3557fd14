// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nn/linear.h"
#include "nn/sequential.h"

namespace assay {

/// Maxout layer (Goodfellow et al. 2013): max over `pieces` affine maps of each output.
class MaxoutImpl : public torch::nn::Module {
 public:
  MaxoutImpl(std::int64_t in, std::int64_t out, std::int64_t pieces);
  /// [N,I] -> [N,O].
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::int64_t out_, pieces_;
  Linear affine_;
};
TORCH_MODULE(Maxout);

struct GanNetworkOptions {
  bool convolutional = false;
  std::vector<std::int64_t> example_shape;  ///< {C,H,W} or {2}
  std::int64_t latent_dim = 0;
  std::vector<std::int64_t> generator_widths, discriminator_widths;      ///< "mlp"
  std::vector<std::int64_t> generator_channels, discriminator_channels;  ///< "dcgan"
  std::int64_t maxout_pieces = 0;  ///< "mlp" discriminator; 0: leaky ReLU 0.2
};

/// What does not fit, as the sentence of an error message; empty if all fits.
std::string gan_network_misfit(const GanNetworkOptions& options);

/// Whether a batch of one leaves a batch normalisation of either network a single value, which has
/// no variance.
bool normalises_single_values(const GanNetworkOptions& options);

/// z [N,Z] -> examples [N, example_shape…], images through tanh.
/// "mlp": Linear without bias, BN, ReLU per width, then Linear (PacGAN's 2-D experiments: Lin et
/// al. 2018). "dcgan": Linear Z→c₁·s·s without bias, BN, ReLU · ConvT 4/2/1, BN, ReLU per further
/// channel count · ConvT 4/2/1 to the image (Radford et al. 2016, with a linear first layer).
Sequential make_generator(const GanNetworkOptions& options);

/// Examples -> logits [N,1].
/// "mlp": per width a maxout layer, or Linear and leaky ReLU, then Linear. "dcgan": Conv 4/2/1 and
/// leaky ReLU 0.2 per channel count, BN between them on all but the first, then Linear.
Sequential make_discriminator(const GanNetworkOptions& options);

}  // namespace assay
