// SPDX-License-Identifier: Apache-2.0
#include "families/gan/began.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

#include <cmath>
#include <cstdint>
#include <string>

namespace assay {
namespace {

// [N,…] -> [N,1].
class ReconstructionScoreImpl : public torch::nn::Module {
 public:
  ReconstructionScoreImpl(Sequential encoder, Sequential decoder)
      : encoder_(std::move(encoder)), decoder_(std::move(decoder)) {
    register_module("encoder", encoder_);
    register_module("decoder", decoder_);
  }
  torch::Tensor forward(const torch::Tensor& x) {
    const auto decoded = decoder_->forward(encoder_->forward(x));
    return -(x - decoded).abs().flatten(1).mean(1, /*keepdim=*/true);
  }

 private:
  Sequential encoder_, decoder_;
};
TORCH_MODULE(ReconstructionScore);

// A discriminator that is an autoencoder: the architecture's own, or its discriminator, with
// model.critic_code_dim numbers for its logit, encodes and its generator decodes, and its logit is
// −L(x), L(x) = mean |x − decoded| of each example (sec. 3.1, η = 1). The further a logit is below
// 0, the worse is the reconstruction.
Sequential autoencoding_critic(const GanArchitecture& architecture, const GanShape& shape) {
  const std::int64_t codes = shape.definition.integer("model.critic_code_dim");
  GanShape encoder = shape, decoder = shape;
  encoder.critic_outputs = codes;
  decoder.inputs = codes;
  Sequential critic;
  const bool own = architecture.encoder != nullptr;
  critic->push_back(
      ReconstructionScore(own ? architecture.encoder(encoder) : architecture.discriminator(encoder),
                          own ? architecture.decoder(decoder) : architecture.generator(decoder)));
  return critic;
}

// E D(G(z)) − E D(x) of D = −L: L(x) − L(G(z)), the latter weighed by the equilibrium.
torch::Tensor separate(const torch::Tensor& real, const torch::Tensor& generated) {
  return generated.mean() - real.mean();
}

// L(G(z)).
torch::Tensor be_reconstructed(const torch::Tensor& generated, const torch::Tensor&) {
  return -generated.mean();
}

}  // namespace

AdversarialLoss began_loss() {
  return {.paper = "Berthelot et al. 2017 (BEGAN), sec. 3.4",
          .discriminator = separate,
          .generator = be_reconstructed,
          .boundary = std::nullopt,
          .critic = autoencoding_critic,
          .balanced = true};
}

Schema began_keys() {
  const std::vector<Need> needs = {{"objective.loss", {"began"}}};
  return {{.path = "objective.began_gamma",
           .default_value = 0.5,
           .meaning = "γ: L(G(z)) as a share of L(x) in equilibrium; less is less diverse",
           .minimum = 0,
           .maximum = 1,
           .needs = needs},
          {.path = "objective.began_lambda",
           .default_value = 0.001,
           .meaning = "λ: how fast the equilibrium is restored",
           .minimum = 0,
           .maximum = 10,
           .needs = needs},
          {.path = "model.critic_code_dim",
           .default_value = std::int64_t{64},
           .meaning = "numbers by which the autoencoding discriminator tells an example",
           .minimum = 1,
           .maximum = 65536,
           .needs = needs}};
}

Equilibrium::Equilibrium(const Definition& definition, const AdversarialLoss& loss,
                         torch::Device device)
    : balances_(loss.balanced),
      gamma_(definition.number("objective.began_gamma")),
      lambda_(definition.number("objective.began_lambda")),
      k_(at::zeros({}, at::TensorOptions(at::kFloat).device(device))) {}

torch::Tensor Equilibrium::weighed(const torch::Tensor& generated_logits) const {
  // A copy: k moves while a graph may still hold it.
  return balances_ ? k_.clone() * generated_logits : generated_logits;
}

void Equilibrium::update(const torch::Tensor& real_logits, const torch::Tensor& generated_logits,
                         std::vector<LossTerm>& terms) {
  if (!balances_) return;
  const torch::NoGradGuard no_grad;
  const auto of_real = -real_logits.detach().mean();
  const auto gap = gamma_ * of_real + generated_logits.detach().mean();
  terms.push_back({"equilibrium_k", k_.clone()});
  terms.push_back({"convergence_measure", of_real + gap.abs()});
  k_.add_(lambda_ * gap).clamp_(0.0, 1.0);
}

void Equilibrium::visit_state(StateVisitor& visitor) {
  if (balances_) visitor.tensor("equilibrium.k", k_, StateKind::kBuffer);
}

}  // namespace assay
