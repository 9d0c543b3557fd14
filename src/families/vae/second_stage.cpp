// SPDX-License-Identifier: Apache-2.0
#include "families/vae/second_stage.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>
#include <torch/utils.h>

#include "families/objectives/likelihoods.h"
#include "families/sampling.h"
#include "nn/blocks/linear.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

Sequential relu_layers(std::int64_t in, const std::vector<std::int64_t>& widths) {
  Sequential layers;
  for (const std::int64_t out : widths) {
    layers->push_back(Linear(in, out));
    layers->push_back(torch::nn::ReLU());
    in = out;
  }
  return layers;
}

torch::Tensor beside(const torch::Tensor& codes, const torch::Tensor& condition) {
  return condition.defined() ? at::cat({codes, condition}, 1) : codes;
}

SecondStageNetwork make_network(const Definition& definition, std::int64_t latent_dim,
                                std::int64_t condition_dim, torch::Device device) {
  SecondStageNetwork network(latent_dim, condition_dim,
                             definition.integers("model.second_stage_widths"));
  network->to(device);
  return network;
}

}  // namespace

SecondStageNetworkImpl::SecondStageNetworkImpl(std::int64_t latent_dim, std::int64_t condition_dim,
                                               const std::vector<std::int64_t>& widths)
    : encoder_(relu_layers(latent_dim + condition_dim, widths)),
      decoder_(relu_layers(latent_dim + condition_dim, widths)),
      posterior_(latent_dim + condition_dim + widths.back(), 2 * latent_dim),
      mean_(latent_dim + condition_dim + widths.back(), latent_dim) {
  register_module("encoder", encoder_);
  register_module("posterior", posterior_);
  register_module("decoder", decoder_);
  register_module("mean", mean_);
  log_gamma_ = register_parameter("log_gamma", at::zeros({}));
}

Posterior SecondStageNetworkImpl::encode(const torch::Tensor& z, const torch::Tensor& condition) {
  const auto seen = beside(z, condition);
  const auto halves = posterior_(at::cat({seen, encoder_->forward(seen)}, 1)).chunk(2, 1);
  return {halves[0], halves[1]};
}

torch::Tensor SecondStageNetworkImpl::decode(const torch::Tensor& u,
                                             const torch::Tensor& condition) {
  const auto seen = beside(u, condition);
  return mean_(at::cat({seen, decoder_->forward(seen)}, 1));
}

SecondStage::SecondStage(const Definition& definition, std::int64_t latent_dim,
                         std::int64_t condition_dim, torch::Device device)
    : latent_dim_(latent_dim),
      network_(make_network(definition, latent_dim, condition_dim, device)),
      optimizer_(*network_.live(), optimizer_options(definition)),
      steps_(at::zeros({}, at::TensorOptions(at::kLong).device(device))) {
  network_.keep_average(ema_options(definition), [&] {
    return make_network(definition, latent_dim, condition_dim, device);
  });
}

std::vector<LossTerm> SecondStage::training_step(const torch::Tensor& z,
                                                 const torch::Tensor& condition,
                                                 const StepContext& context) {
  optimizer_.zero_grad();
  const auto [mu, logvar] = network_.live()->encode(z, condition);
  const auto eps = context.noise.normal(mu.sizes(), z.options().requires_grad(false));
  const auto mean = network_.live()->decode(reparameterise(mu, logvar, eps), condition);
  const auto nll = gaussian_nll(z, mean, network_.live()->gamma()).mean();
  const auto kl = kl_to_standard_normal(mu, logvar).mean();
  const auto loss = nll + kl;
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  steps_.add_(1);
  return {{"loss", loss.detach()},
          {"second_stage_reconstruction_nats", nll.detach()},
          {"second_stage_kl_nats", kl.detach()}};
}

bool SecondStage::begun() const { return steps_.item<std::int64_t>() > 0; }

torch::Tensor SecondStage::sample(std::int64_t count, const torch::Tensor& condition,
                                  torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  auto& network = network_.scored();
  const auto draws = draw_normal(count, {2, latent_dim_}, generator).to(steps_.device());
  const auto z =
      network->decode(draws.select(1, 0), condition) + network->gamma() * draws.select(1, 1);
  return z.to(at::kCPU);
}

void SecondStage::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "second_stage", *network_.live());
  visitor.tensor("second_stage.steps", steps_, StateKind::kBuffer);
  network_.visit_average(visitor, "second_stage_ema");
  optimizer_.visit_state(visitor, "second_stage_optimizer");
}

}  // namespace assay
