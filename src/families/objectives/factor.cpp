// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/factor.h"

#include <ATen/ATen.h>
#include <torch/nn/modules/activation.h>

#include "families/optimizer.h"
#include "kernels/pointwise/logistic_loss.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/sequential.h"
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

class FactorPenalty : public LatentTerm {
 public:
  explicit FactorPenalty(const LatentTermArgs& args)
      : gamma_(args.definition.number("objective.factor_gamma")),
        network_(make_discriminator(args.definition.integers("model.discriminator_widths"),
                                    args.latent_dim, args.device)),
        optimizer_(*network_, discriminator_options(args.definition)) {}

  torch::Tensor value(const LatentView& view, std::vector<LossTerm>& terms) override {
    // What reaches the discriminator's weights here is dropped by zero_grad() before its own step.
    const auto correlation = density_ratio_total_correlation(network_->forward(view.z));
    terms.push_back({"factor_total_correlation_nats", correlation.detach()});
    return gamma_ * correlation;
  }

  void learn(const torch::Tensor& z, const StepContext& context,
             std::vector<LossTerm>& terms) override {
    optimizer_.zero_grad();
    const auto logits = network_->forward(z.detach());
    const auto permuted = network_->forward(permute_codes(z, context.noise));
    const auto loss = factor_discriminator_loss(logits, permuted);
    backward(loss);
    optimizer_.step(context);
    const auto right = 0.5 * (logistic_accuracy(logits, true) + logistic_accuracy(permuted, false));
    terms.push_back({"discriminator_loss", loss.detach()});
    terms.push_back({"discriminator_accuracy", right});
  }

  void visit_state(StateVisitor& visitor) override {
    visit_module(visitor, "discriminator", *network_);
    optimizer_.visit_state(visitor, "discriminator_optimizer");
  }

 private:
  double gamma_;
  Sequential network_;
  Optimizer optimizer_;
};

Schema keys() {
  return {
      {.path = "objective.factor_gamma",
       .default_value = 0.0,
       .meaning = "FactorVAE: weight of the total correlation that a discriminator estimates; 0: "
                  "none",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "model.discriminator_widths",
       .default_value = std::vector<std::int64_t>{1000, 1000, 1000, 1000, 1000, 1000},
       .meaning = "FactorVAE: widths of the discriminator's hidden layers",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "optimizer.discriminator_learning_rate",
       .default_value = 1e-4,
       .meaning = "FactorVAE: step size of the discriminator",
       .minimum = 0,
       .maximum = 10,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "optimizer.discriminator_beta1",
       .default_value = 0.5,
       .meaning = "FactorVAE: its decay of the first moment",
       .minimum = 0,
       .maximum = 0.999999,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "optimizer.discriminator_beta2",
       .default_value = 0.9,
       .meaning = "FactorVAE: its decay of the second moment",
       .minimum = 0,
       .maximum = 0.9999999,
       .needs = {{"objective.factor_gamma"}}},
  };
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

LatentTermSource factor_penalty() {
  return {.paper = "Kim & Mnih 2018, Disentangling by Factorising",
          .key = "objective.factor_gamma",
          .keys = keys,
          .make = [](const LatentTermArgs& args) -> std::unique_ptr<LatentTerm> {
            return std::make_unique<FactorPenalty>(args);
          }};
}

}  // namespace assay
