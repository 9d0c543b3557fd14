// SPDX-License-Identifier: Apache-2.0
#include "families/vae/vae_network.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>

#include "core/error.h"
#include "families/vae/vae_choices.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

// The published code's: N(0.05, 0.01²) on [0,1], here on [−1,1].
constexpr double kPseudoInputMean = -0.9, kPseudoInputSd = 0.02;

// The number of classes that the networks see; 0: none.
std::int64_t condition_dim(const ModelArgs& args) {
  const auto& definition = args.definition;
  if (!definition.boolean("model.conditional")) return 0;
  if (args.classes < 2) {
    throw Error(fmt::format("{}: model.conditional needs labels, but data set '{}' has none",
                            definition.name, definition.text("dataset.name")));
  }
  return args.classes;
}

}  // namespace

VaeNetworkOptions vae_network_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  VaeNetworkOptions options;
  options.layers = encoder_decoder_options(args, "the VAE");
  options.layers.condition_dim = condition_dim(args);
  options.point_posterior = kPosteriors.of(definition, "model.posterior");
  if (kPriors.of(definition, "model.prior")) {
    options.pseudo_inputs = definition.integer("model.pseudo_inputs");
  }
  const bool scaled = kLikelihoods.of(definition, "objective.likelihood") != Likelihood::kBernoulli;
  if (scaled && kScales.of(definition, "objective.scale") == LikelihoodScale::kLearned) {
    options.initial_scale = definition.number("objective.sigma");
  }
  return options;
}

VaeNetworkImpl::VaeNetworkImpl(VaeNetworkOptions options) : options_(std::move(options)) {
  options_.layers.codes_per_latent = options_.point_posterior ? 1 : 2;
  auto layers = make_encoder_decoder(options_.layers);
  encoder_ = register_module("encoder", layers.encoder);
  decoder_ = register_module("decoder", layers.decoder);
  if (options_.initial_scale) {
    log_scale_ = register_parameter("log_scale", at::full({}, std::log(*options_.initial_scale)));
  }
  if (options_.pseudo_inputs > 0) {
    auto shape = options_.layers.image_shape;
    shape.insert(shape.begin(), options_.pseudo_inputs);
    pseudo_inputs_ = register_parameter(
        "pseudo_inputs", at::empty(shape, at::kFloat)
                             .normal_(kPseudoInputMean, kPseudoInputSd, construction_generator()));
  }
}

Posterior VaeNetworkImpl::encode(const torch::Tensor& images, const torch::Tensor& condition) {
  const auto codes = encoder_->forward(encoder_input(options_.layers, images, condition));
  if (options_.point_posterior) return {codes, {}};
  const auto halves = codes.chunk(2, 1);
  return {halves[0], halves[1]};
}

torch::Tensor VaeNetworkImpl::decode(const torch::Tensor& z, const torch::Tensor& condition) {
  return decoder_->forward(condition.defined() ? at::cat({z, condition}, 1) : z);
}

Posterior VaeNetworkImpl::pseudo_posteriors() { return encode(at::hardtanh(pseudo_inputs_)); }

}  // namespace assay
