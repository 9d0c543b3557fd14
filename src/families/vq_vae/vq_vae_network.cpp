// SPDX-License-Identifier: Apache-2.0
#include "families/vq_vae/vq_vae_network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/activation.h>

#include <cmath>

#include "families/encoder_decoder/layers.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

using torch::nn::Conv2dOptions;
using torch::nn::ReLU;

class ResidualLayerImpl : public torch::nn::Module {
 public:
  ResidualLayerImpl(std::int64_t channels, std::int64_t inner)
      : conv3_(Conv2dOptions(channels, inner, 3).padding(1)),
        conv1_(Conv2dOptions(inner, channels, 1)) {
    register_module("conv3", conv3_);
    register_module("conv1", conv1_);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    return x + conv1_(torch::relu(conv3_(torch::relu(x))));
  }

 private:
  Convolution conv3_, conv1_;
};
TORCH_MODULE(ResidualLayer);

Convolution halve(std::int64_t in, std::int64_t out) {
  return Convolution(Conv2dOptions(in, out, 4).stride(2).padding(1));
}

TransposedConvolution widen(std::int64_t in, std::int64_t out) {
  return TransposedConvolution(torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1));
}

void residual_layers(Sequential& layers, const VqVaeNetworkOptions& options) {
  for (std::int64_t i = 0; i < options.residual_layers; ++i) {
    layers->push_back(ResidualLayer(options.channels, options.residual_channels));
  }
  layers->push_back(ReLU());
}

EncoderDecoderOptions maps_options(const VqVaeNetworkOptions& options) {
  EncoderDecoderOptions maps;
  maps.kind = EncoderDecoderKind::kMaps;
  maps.image_shape = options.image_shape;
  maps.channels = options.level_channels;
  maps.blocks = options.blocks;
  maps.latent_channels = options.code_dim;
  maps.groups = options.groups;
  maps.attention = options.attention;
  return maps;
}

}  // namespace

std::int64_t VqVaeNetworkOptions::factor() const {
  return kind == VqVaeNetworkKind::kResidual ? 4 : std::int64_t{1} << (level_channels.size() - 1);
}

std::string vq_vae_network_misfit(const VqVaeNetworkOptions& options) {
  const auto& shape = options.image_shape;
  if (shape.size() != 3) return "the VQ-VAE needs images; the data set holds points";
  if (options.kind == VqVaeNetworkKind::kMaps) {
    return layers::maps_misfit(maps_options(options), "model.level_channels");
  }
  if (shape[1] % 4 != 0 || shape[2] % 4 != 0) {
    return fmt::format("the VQ-VAE needs images with sides that 4 divides, not {}x{}", shape[1],
                       shape[2]);
  }
  if (options.channels % 2 != 0) {
    return fmt::format("model.channels = {} is odd; its half is a width, too", options.channels);
  }
  return {};
}

VqVaeNetworkImpl::VqVaeNetworkImpl(const VqVaeNetworkOptions& options) {
  const auto misfit = vq_vae_network_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  height_ = options.image_shape[1] / options.factor();
  width_ = options.image_shape[2] / options.factor();
  if (options.kind == VqVaeNetworkKind::kMaps) {
    const auto made = layers::make_maps(maps_options(options));
    encoder_ = made.encoder;
    decoder_ = made.decoder;
    rows_ = true;
  } else {
    build_residual(options);
  }
  register_module("encoder", encoder_);
  register_module("decoder", decoder_);
  // Sonnet's variance scaling: entries of variance 1/D.
  const double bound = std::sqrt(3.0 / static_cast<double>(options.code_dim));
  codebook_ = register_buffer("codebook", at::empty({options.codes, options.code_dim}, at::kFloat)
                                              .uniform_(-bound, bound, construction_generator()));
}

void VqVaeNetworkImpl::build_residual(const VqVaeNetworkOptions& options) {
  const auto images = options.image_shape[0], c = options.channels;
  encoder_->push_back(halve(images, c / 2));
  encoder_->push_back(ReLU());
  encoder_->push_back(halve(c / 2, c));
  encoder_->push_back(ReLU());
  encoder_->push_back(Convolution(Conv2dOptions(c, c, 3).padding(1)));
  residual_layers(encoder_, options);
  encoder_->push_back(Convolution(Conv2dOptions(c, options.code_dim, 1)));
  decoder_->push_back(Convolution(Conv2dOptions(options.code_dim, c, 3).padding(1)));
  residual_layers(decoder_, options);
  decoder_->push_back(widen(c, c / 2));
  decoder_->push_back(ReLU());
  decoder_->push_back(widen(c / 2, images));
}

torch::Tensor VqVaeNetworkImpl::encode(const torch::Tensor& images) {
  // Those of encoder_decoder.h end in rows, and begin with them.
  return encoder_->forward(images).reshape({images.size(0), codebook_.size(1), height_, width_});
}

torch::Tensor VqVaeNetworkImpl::decode(const torch::Tensor& quantised) {
  return decoder_->forward(rows_ ? quantised.flatten(1) : quantised);
}

torch::Tensor VqVaeNetworkImpl::to_vectors(const torch::Tensor& maps) {
  return maps.permute({0, 2, 3, 1}).flatten(0, 2);
}

torch::Tensor VqVaeNetworkImpl::to_maps(const torch::Tensor& indices) const {
  return codebook_.index_select(0, indices.flatten())
      .view({-1, height_, width_, codebook_.size(1)})
      .permute({0, 3, 1, 2});
}

}  // namespace assay
