// SPDX-License-Identifier: Apache-2.0
#include "families/vae_network.h"

#include <fmt/format.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <functional>
#include <numeric>

#include "nn/convolution.h"

namespace assay {
namespace {

constexpr std::int64_t kGroups = 8;

std::int64_t pixels(const VaeNetworkOptions& options) {
  const auto& shape = options.image_shape;
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

std::int64_t inner_side(const VaeNetworkOptions& options) {
  return options.image_shape[1] >> options.channels.size();
}

std::int64_t inner_size(const VaeNetworkOptions& options) {
  return options.channels.back() * inner_side(options) * inner_side(options);
}

void activate(torch::nn::Sequential& layers, const std::string& activation) {
  if (activation == "relu") {
    layers->push_back(torch::nn::ReLU());
  } else if (activation == "tanh") {
    layers->push_back(torch::nn::Tanh());
  } else {
    layers->push_back(torch::nn::SiLU());
  }
}

// Linear layers through `widths`, an activation after each but the last.
void linear_layers(torch::nn::Sequential& layers, const std::vector<std::int64_t>& widths,
                   const std::string& activation) {
  for (std::size_t i = 1; i < widths.size(); ++i) {
    layers->push_back(torch::nn::Linear(widths[i - 1], widths[i]));
    if (i + 1 < widths.size()) activate(layers, activation);
  }
}

std::vector<std::int64_t> encoder_widths(const VaeNetworkOptions& options, std::int64_t input) {
  std::vector<std::int64_t> widths = {input};
  widths.insert(widths.end(), options.hidden_widths.begin(), options.hidden_widths.end());
  widths.push_back(2 * options.latent_dim);
  return widths;
}

std::vector<std::int64_t> decoder_widths(const VaeNetworkOptions& options, std::int64_t output) {
  std::vector<std::int64_t> widths = {options.latent_dim};
  widths.insert(widths.end(), options.hidden_widths.rbegin(), options.hidden_widths.rend());
  widths.push_back(output);
  return widths;
}

Convolution conv(std::int64_t in, std::int64_t out, std::int64_t kernel, std::int64_t stride) {
  return Convolution(torch::nn::Conv2dOptions(in, out, kernel).stride(stride).padding(1));
}

TransposedConvolution widen(std::int64_t in, std::int64_t out) {
  return TransposedConvolution(torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1));
}

torch::nn::GroupNorm group_norm(std::int64_t channels) {
  return torch::nn::GroupNorm(torch::nn::GroupNormOptions(kGroups, channels));
}

}  // namespace

std::string vae_network_misfit(const VaeNetworkOptions& options) {
  const auto& shape = options.image_shape;
  if (shape.size() != 3) return "the VAE needs images; the data set holds points";
  if (!options.convolutional) return {};
  if (options.channels.empty()) return "model.channels is empty";
  const std::int64_t divisor = std::int64_t{1} << options.channels.size();
  if (shape[1] != shape[2] || shape[1] % divisor != 0) {
    return fmt::format(
        "{} entries of model.channels need square images with a side that {} divides, not {}x{}",
        options.channels.size(), divisor, shape[1], shape[2]);
  }
  for (std::size_t i = 1; i < options.channels.size(); ++i) {
    if (options.channels[i] % kGroups != 0) {
      return fmt::format(
          "{} in model.channels is not a multiple of {}, the groups of its normalisation",
          options.channels[i], kGroups);
    }
  }
  if (options.channels.back() % kGroups != 0) {
    return fmt::format(
        "{} in model.channels is not a multiple of {}, the groups of its normalisation",
        options.channels.back(), kGroups);
  }
  return {};
}

VaeNetworkImpl::VaeNetworkImpl(const VaeNetworkOptions& options) {
  const auto misfit = vae_network_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  if (options.convolutional) {
    build_conv_encoder(options);
    build_conv_decoder(options);
  } else {
    build_mlp(options);
  }
  register_module("encoder", encoder_);
  register_module("decoder", decoder_);
}

void VaeNetworkImpl::build_mlp(const VaeNetworkOptions& options) {
  encoder_->push_back(torch::nn::Flatten());
  linear_layers(encoder_, encoder_widths(options, pixels(options)), options.activation);
  linear_layers(decoder_, decoder_widths(options, pixels(options)), options.activation);
  decoder_->push_back(torch::nn::Unflatten(torch::nn::UnflattenOptions(1, options.image_shape)));
}

void VaeNetworkImpl::build_conv_encoder(const VaeNetworkOptions& options) {
  const auto& c = options.channels;
  encoder_->push_back(conv(options.image_shape[0], c[0], 4, 2));
  activate(encoder_, options.activation);
  for (std::size_t i = 1; i < c.size(); ++i) {
    encoder_->push_back(conv(c[i - 1], c[i], 4, 2));
    encoder_->push_back(group_norm(c[i]));
    activate(encoder_, options.activation);
  }
  encoder_->push_back(conv(c.back(), c.back(), 3, 1));
  activate(encoder_, options.activation);
  encoder_->push_back(torch::nn::Flatten());
  linear_layers(encoder_, encoder_widths(options, inner_size(options)), options.activation);
}

void VaeNetworkImpl::build_conv_decoder(const VaeNetworkOptions& options) {
  const auto& c = options.channels;
  const auto side = inner_side(options);
  linear_layers(decoder_, decoder_widths(options, inner_size(options)), options.activation);
  activate(decoder_, options.activation);
  decoder_->push_back(torch::nn::Unflatten(
      torch::nn::UnflattenOptions(1, std::vector<std::int64_t>{c.back(), side, side})));
  decoder_->push_back(conv(c.back(), c.back(), 3, 1));
  decoder_->push_back(group_norm(c.back()));
  activate(decoder_, options.activation);
  for (std::size_t i = c.size(); i-- > 1;) {
    decoder_->push_back(widen(c[i], c[i - 1]));
    activate(decoder_, options.activation);
  }
  decoder_->push_back(widen(c[0], options.image_shape[0]));
}

Posterior VaeNetworkImpl::encode(const torch::Tensor& images) {
  const auto halves = encoder_->forward(images).chunk(2, 1);
  return {halves[0], halves[1]};
}

torch::Tensor VaeNetworkImpl::decode(const torch::Tensor& z) { return decoder_->forward(z); }

}  // namespace assay
