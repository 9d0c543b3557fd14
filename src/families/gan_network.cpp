// SPDX-License-Identifier: Apache-2.0
#include "families/gan_network.h"

#include <fmt/format.h>
#include <torch/nn/modules/activation.h>

#include <functional>
#include <numeric>

#include "nn/batch_norm.h"
#include "nn/convolution.h"
#include "nn/halving.h"
#include "nn/linear.h"

namespace assay {
namespace {

constexpr double kLeak = 0.2;

std::int64_t example_size(const GanNetworkOptions& options) {
  const auto& shape = options.example_shape;
  return std::accumulate(shape.begin(), shape.end(), std::int64_t{1}, std::multiplies<>());
}

torch::nn::ReLU relu() { return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)); }

torch::nn::LeakyReLU leaky_relu() {
  return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kLeak).inplace(true));
}

Linear linear_without_bias(std::int64_t in, std::int64_t out) {
  return Linear(torch::nn::LinearOptions(in, out).bias(false));
}

TransposedConvolution widen(std::int64_t in, std::int64_t out, bool bias) {
  return TransposedConvolution(
      torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1).bias(bias));
}

Convolution narrow(std::int64_t in, std::int64_t out, bool bias) {
  return Convolution(torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1).bias(bias));
}

torch::nn::Unflatten unflatten(const std::vector<std::int64_t>& shape) {
  return torch::nn::Unflatten(torch::nn::UnflattenOptions(1, shape));
}

Sequential mlp_generator(const GanNetworkOptions& options) {
  Sequential layers;
  std::int64_t width = options.latent_dim;
  for (const auto next : options.generator_widths) {
    layers->push_back(linear_without_bias(width, next));
    layers->push_back(BatchNorm1d(next));
    layers->push_back(relu());
    width = next;
  }
  layers->push_back(Linear(width, example_size(options)));
  if (options.example_shape.size() > 1) {
    layers->push_back(torch::nn::Tanh());
    layers->push_back(unflatten(options.example_shape));
  }
  return layers;
}

Sequential mlp_discriminator(const GanNetworkOptions& options) {
  Sequential layers;
  layers->push_back(torch::nn::Flatten());
  std::int64_t width = example_size(options);
  for (const auto next : options.discriminator_widths) {
    if (options.maxout_pieces > 0) {
      layers->push_back(Maxout(width, next, options.maxout_pieces));
    } else {
      layers->push_back(Linear(width, next));
      layers->push_back(leaky_relu());
    }
    width = next;
  }
  layers->push_back(Linear(width, 1));
  return layers;
}

Sequential dcgan_generator(const GanNetworkOptions& options) {
  const auto& channels = options.generator_channels;
  const std::int64_t side = options.example_shape[1] >> channels.size();
  Sequential layers;
  layers->push_back(linear_without_bias(options.latent_dim, channels[0] * side * side));
  layers->push_back(unflatten({channels[0], side, side}));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    layers->push_back(BatchNorm2d(channels[i]));
    layers->push_back(relu());
    const bool last = i + 1 == channels.size();
    layers->push_back(widen(channels[i], last ? options.example_shape[0] : channels[i + 1], last));
  }
  layers->push_back(torch::nn::Tanh());
  return layers;
}

Sequential dcgan_discriminator(const GanNetworkOptions& options) {
  Sequential layers;
  std::int64_t channels = options.example_shape[0];
  std::int64_t side = options.example_shape[1];
  for (std::size_t i = 0; i < options.discriminator_channels.size(); ++i) {
    const std::int64_t next = options.discriminator_channels[i];
    layers->push_back(narrow(channels, next, /*bias=*/i == 0));
    if (i > 0) layers->push_back(BatchNorm2d(next));
    layers->push_back(leaky_relu());
    channels = next;
    side /= 2;  // kernel 4, stride 2, padding 1
  }
  layers->push_back(torch::nn::Flatten());
  layers->push_back(Linear(channels * side * side, 1));
  return layers;
}

}  // namespace

MaxoutImpl::MaxoutImpl(std::int64_t in, std::int64_t out, std::int64_t pieces)
    : out_(out), pieces_(pieces), affine_(in, out * pieces) {
  register_module("affine", affine_);
}

torch::Tensor MaxoutImpl::forward(const torch::Tensor& x) {
  return affine_(x).view({-1, out_, pieces_}).amax(-1);
}

std::string gan_network_misfit(const GanNetworkOptions& options) {
  if (!options.convolutional) return {};
  const auto& shape = options.example_shape;
  if (shape.size() != 3) return "model.network = \"dcgan\" needs images; take \"mlp\" for points";
  if (options.generator_channels.empty() || options.discriminator_channels.empty()) {
    return "model.generator_channels and model.discriminator_channels need an entry each";
  }
  const auto doublings = options.generator_channels.size();
  if (shape[1] != shape[2] || !halves_evenly(shape[1], doublings)) {
    return fmt::format(
        "{} entries of model.generator_channels need square images with a side that {} divides, "
        "not {}x{}",
        doublings, power_of_two_text(doublings), shape[1], shape[2]);
  }
  if (side_after(shape[1], options.discriminator_channels.size()) < 1) {
    return fmt::format("{} entries of model.discriminator_channels halve a side of {} to nothing",
                       options.discriminator_channels.size(), shape[1]);
  }
  return {};
}

bool normalises_single_values(const GanNetworkOptions& options) {
  if (!options.convolutional) return !options.generator_widths.empty();
  const auto side = options.example_shape[1];
  // The discriminator's outermost layer is not normalised.
  const auto discriminator_layers = options.discriminator_channels.size();
  return side_after(side, options.generator_channels.size()) == 1 ||
         (discriminator_layers > 1 && side_after(side, discriminator_layers) == 1);
}

Sequential make_generator(const GanNetworkOptions& options) {
  const auto misfit = gan_network_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  return options.convolutional ? dcgan_generator(options) : mlp_generator(options);
}

Sequential make_discriminator(const GanNetworkOptions& options) {
  const auto misfit = gan_network_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  return options.convolutional ? dcgan_discriminator(options) : mlp_discriminator(options);
}

}  // namespace assay
