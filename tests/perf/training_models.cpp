// SPDX-License-Identifier: Apache-2.0
#include "training_models.h"

#include <ATen/ATen.h>
#include <torch/nn/init.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/utils.h>

#include "families/gan/architecture.h"
#include "families/objectives/likelihoods.h"
#include "families/objectives/posterior.h"
#include "families/registry.h"
#include "nn/blocks/modulated_convolution.h"

namespace assay::perf {
namespace {

Convolution conv(std::int64_t in, std::int64_t out, std::int64_t stride, std::int64_t padding,
                 bool bias) {
  return Convolution(
      torch::nn::Conv2dOptions(in, out, 4).stride(stride).padding(padding).bias(bias));
}

TransposedConvolution widen(std::int64_t in, std::int64_t out, std::int64_t stride,
                            std::int64_t padding, bool bias) {
  return TransposedConvolution(
      torch::nn::ConvTranspose2dOptions(in, out, 4).stride(stride).padding(padding).bias(bias));
}

torch::Tensor negative_elbo(const torch::Tensor& x, const torch::Tensor& logits,
                            const torch::Tensor& mu, const torch::Tensor& logvar) {
  return (bernoulli_nll(x, logits) + kl_to_standard_normal(mu, logvar)).sum();
}

torch::nn::LeakyReLU leaky_relu() {
  return torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2).inplace(true));
}

torch::nn::ReLU relu() { return torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)); }

}  // namespace

MlpVaeImpl::MlpVaeImpl() {
  register_module("hidden", hidden_);
  register_module("mu", mu_);
  register_module("logvar", logvar_);
  register_module("decode1", decode1_);
  register_module("decode2", decode2_);
}

torch::Tensor MlpVaeImpl::forward(const torch::Tensor& x, const torch::Tensor& eps) {
  const auto h = torch::relu(hidden_(x));
  const auto mu = mu_(h), logvar = logvar_(h);
  const auto z = reparameterise(mu, logvar, eps);
  return negative_elbo(x, decode2_(torch::relu(decode1_(z))), mu, logvar);
}

ConvVaeImpl::ConvVaeImpl()
    : conv1_(conv(1, 32, 2, 1, true)),
      conv2_(conv(32, 64, 2, 1, true)),
      widen1_(widen(64, 32, 2, 1, true)),
      widen2_(widen(32, 1, 2, 1, true)) {
  register_module("conv1", conv1_);
  register_module("conv2", conv2_);
  register_module("hidden", hidden_);
  register_module("mu", mu_);
  register_module("logvar", logvar_);
  register_module("decode1", decode1_);
  register_module("decode2", decode2_);
  register_module("widen1", widen1_);
  register_module("widen2", widen2_);
}

torch::Tensor ConvVaeImpl::forward(const torch::Tensor& x, const torch::Tensor& eps) {
  auto h = torch::relu(conv2_(torch::relu(conv1_(x)))).flatten(1);
  h = torch::relu(hidden_(h));
  const auto mu = mu_(h), logvar = logvar_(h);
  const auto z = reparameterise(mu, logvar, eps);
  h = torch::relu(decode2_(torch::relu(decode1_(z)))).view({-1, 64, 7, 7});
  return negative_elbo(x, widen2_(torch::relu(widen1_(h))), mu, logvar);
}

torch::nn::Sequential dcgan_generator() {
  using torch::nn::BatchNorm2d;
  return torch::nn::Sequential(widen(100, 256, 1, 0, false), BatchNorm2d(256), relu(),
                               widen(256, 128, 2, 1, false), BatchNorm2d(128), relu(),
                               widen(128, 64, 2, 1, false), BatchNorm2d(64), relu(),
                               widen(64, 3, 2, 1, false), torch::nn::Tanh());
}

torch::nn::Sequential dcgan_discriminator() {
  using torch::nn::BatchNorm2d;
  return torch::nn::Sequential(conv(3, 64, 2, 1, false), leaky_relu(), conv(64, 128, 2, 1, false),
                               BatchNorm2d(128), leaky_relu(), conv(128, 256, 2, 1, false),
                               BatchNorm2d(256), leaky_relu(), conv(256, 1, 1, 0, false));
}

torch::nn::Sequential wgan_critic() {
  using torch::nn::GroupNorm;
  return torch::nn::Sequential(conv(3, 64, 2, 1, false), leaky_relu(), conv(64, 128, 2, 1, false),
                               GroupNorm(1, 128), leaky_relu(), conv(128, 256, 2, 1, false),
                               GroupNorm(1, 256), leaky_relu(), conv(256, 1, 1, 0, false));
}

namespace {

Sequential style_network(Sequential (*GanArchitecture::*network)(const GanShape&)) {
  const Definition definition = resolve_text(
      "family = 'gan'\nmodel.network = 'stylegan2'\nmodel.latent_dim = 64\n"
      "model.style_channel_base = 2048\n",
      "perf_training", family_schema, {});
  return (gan_architectures().at("stylegan2").*
          network)({.definition = definition, .example = {3, 32, 32}});
}

}  // namespace

Sequential style_generator_network() { return style_network(&GanArchitecture::generator); }
Sequential style_discriminator_network() { return style_network(&GanArchitecture::discriminator); }

StyledPairImpl::StyledPairImpl() : first_(add("first")), second_(add("second")) {}

StyledPairImpl::Layer StyledPairImpl::add(const std::string& name) {
  auto module = std::make_shared<torch::nn::Module>();
  Layer layer;
  layer.affine = module->register_module(
      "affine", EqualisedLinear(EqualisedOptions{.in = 64, .out = 64, .initial_bias = 1.0}));
  layer.weight = module->register_parameter("weight", torch::randn({64, 64, 3, 3}));
  layer.bias = module->register_parameter("bias", torch::zeros({64}));
  register_module(name, module);
  return layer;
}

torch::Tensor StyledPairImpl::forward(const torch::Tensor& x, const torch::Tensor& w) {
  auto y = x;
  for (auto* layer : {&first_, &second_}) {
    y = modulated_convolution(y, equalised(layer->weight), layer->affine(w));
    y = bias_activation(y, layer->bias, Activation::kLeakyRelu);
  }
  return y;
}

UNet ddpm_unet() {
  UNetOptions options;
  options.base_channels = 32;
  options.multipliers = {1, 2, 4};
  options.conditioning = TimeConditioning::kAdditive;
  options.time_embedding = 32;
  options.lowest_time_frequency = 0.1;
  UNet unet(options);
  const torch::NoGradGuard no_grad;
  for (auto& parameter : unet->parameters()) {
    if (parameter.dim() == 4 && parameter.count_nonzero().item<std::int64_t>() == 0) {
      torch::nn::init::kaiming_uniform_(parameter, std::sqrt(5.0));
    }
  }
  return unet;
}

}  // namespace assay::perf
