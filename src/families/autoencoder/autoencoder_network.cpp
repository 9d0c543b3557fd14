// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/autoencoder_network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/nn/modules/linear.h>

#include "families/autoencoder/sparsity.h"
#include "kernels/product/linear.h"

namespace assay {
namespace {

torch::Tensor activated(const torch::Tensor& x, Nonlinearity nonlinearity) {
  switch (nonlinearity) {
    case Nonlinearity::kRelu:
      return x.relu();
    case Nonlinearity::kTanh:
      return x.tanh();
    case Nonlinearity::kSigmoid:
      return x.sigmoid();
    case Nonlinearity::kSilu:
      return at::silu(x);
    case Nonlinearity::kNone:
      break;
  }
  return x;
}

}  // namespace

AutoencoderNetworkImpl::AutoencoderNetworkImpl(AutoencoderNetworkOptions options)
    : options_(std::move(options)) {
  auto layers = make_encoder_decoder(options_.layers);
  encoder_ = register_module("encoder", layers.encoder);
  if (!options_.tied) {
    decoder_ = register_module("decoder", layers.decoder);
    return;
  }
  const auto weights = encoder_weights();
  for (std::size_t i = weights.size(); i-- > 0;) {
    decoder_biases_.push_back(
        register_parameter(fmt::format("decoder_bias_{}", i), at::zeros({weights[i].size(1)})));
  }
}

std::vector<torch::Tensor> AutoencoderNetworkImpl::encoder_weights() const {
  std::vector<torch::Tensor> weights;
  for (const auto& layer : encoder_->children()) {
    if (const auto* affine = layer->as<torch::nn::Linear>()) weights.push_back(affine->weight);
  }
  return weights;
}

std::vector<torch::Tensor*> AutoencoderNetworkImpl::held_tensors() {
  std::vector<torch::Tensor*> held;
  for (auto& bias : decoder_biases_) held.push_back(&bias);
  return held;
}

std::optional<torch::Tensor> AutoencoderNetworkImpl::only_weight() const {
  const auto weights = encoder_weights();
  if (options_.layers.kind != EncoderDecoderKind::kMlp || weights.size() != 1) return std::nullopt;
  return weights.front();
}

bool AutoencoderNetworkImpl::is_one_sigmoid_layer() const {
  return only_weight() && options_.code_activation == Nonlinearity::kSigmoid && options_.kept == 0;
}

torch::Tensor AutoencoderNetworkImpl::sparse(const torch::Tensor& codes) const {
  return options_.kept > 0 ? keep_largest(codes, options_.kept) : codes;
}

torch::Tensor AutoencoderNetworkImpl::encode(const torch::Tensor& images) {
  return sparse(activated(encoder_->forward(images), options_.code_activation));
}

torch::Tensor AutoencoderNetworkImpl::decode(const torch::Tensor& codes) {
  if (!options_.tied) return decoder_->forward(codes);
  const auto weights = encoder_weights();
  auto h = codes;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    if (i > 0) h = activated(h, options_.layers.activation);
    h = linear(h, weights[weights.size() - 1 - i].t(), decoder_biases_[i]);
  }
  auto shape = options_.layers.image_shape;
  shape.insert(shape.begin(), codes.size(0));
  return h.view(shape);
}

}  // namespace assay
