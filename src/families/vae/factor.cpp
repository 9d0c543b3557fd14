// SPDX-License-Identifier: Apache-2.0
#include "families/vae/factor.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>

#include "kernels/pointwise/logistic_loss.h"
#include "nn/blocks/linear.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

Sequential make_discriminator(const std::vector<std::int64_t>& widths, std::int64_t latent_dim,
                              torch::Device device) {
  Sequential layers;
  std::int64_t in = latent_dim;
  for (const std::int64_t out : widths) {
    layers->push_back(Linear(in, out));
    layers->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2)));
    in = out;
  }
  layers->push_back(Linear(in, 1));
  layers->to(device);
  return layers;
}

OptimizerOptions discriminator_options(const Definition& definition) {
  auto options = optimizer_options(definition);
  options.learning_rate.peak = definition.number("optimizer.discriminator_learning_rate");
  options.adam.beta1 = definition.number("optimizer.discriminator_beta1");
  options.adam.beta2 = definition.number("optimizer.discriminator_beta2");
  return options;
}

}  // namespace

torch::Tensor permute_codes(const torch::Tensor& z, const Noise& noise) {
  const auto keys = noise.uniform(z.sizes(), z.options().requires_grad(false));
  return z.detach().gather(0, keys.argsort(/*stable=*/true, /*dim=*/0));
}

torch::Tensor density_ratio_total_correlation(const torch::Tensor& logits) { return logits.mean(); }

torch::Tensor factor_discriminator_loss(const torch::Tensor& logits,
                                        const torch::Tensor& permuted_logits) {
  return 0.5 * (logistic_loss(logits, true) + logistic_loss(permuted_logits, false));
}

FactorDiscriminator::FactorDiscriminator(const Definition& definition, std::int64_t latent_dim,
                                         torch::Device device)
    : network_(make_discriminator(definition.integers("model.discriminator_widths"), latent_dim,
                                  device)),
      optimizer_(*network_, discriminator_options(definition)) {}

torch::Tensor FactorDiscriminator::total_correlation(const torch::Tensor& z) {
  // What reaches the weights here is dropped by zero_grad() before their own step.
  return density_ratio_total_correlation(network_->forward(z));
}

std::vector<LossTerm> FactorDiscriminator::update(const torch::Tensor& z,
                                                  const StepContext& context) {
  optimizer_.zero_grad();
  const auto logits = network_->forward(z.detach());
  const auto permuted = network_->forward(permute_codes(z, context.noise));
  const auto loss = factor_discriminator_loss(logits, permuted);
  backward(loss);
  optimizer_.step(context);
  const auto right = 0.5 * (logistic_accuracy(logits, true) + logistic_accuracy(permuted, false));
  return {{"discriminator_loss", loss.detach()}, {"discriminator_accuracy", right}};
}

void FactorDiscriminator::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "discriminator", *network_);
  optimizer_.visit_state(visitor, "discriminator_optimizer");
}

}  // namespace assay
