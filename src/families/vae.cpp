// SPDX-License-Identifier: Apache-2.0
#include "families/vae.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>

#include "core/error.h"
#include "families/optimizer.h"
#include "families/sampling.h"
#include "families/vae_losses.h"
#include "families/vae_network.h"

namespace assay {
namespace {

enum class Likelihood { kBernoulli, kGaussian, kLaplace };

Likelihood likelihood_named(const std::string& name) {
  if (name == "bernoulli") return Likelihood::kBernoulli;
  return name == "gaussian" ? Likelihood::kGaussian : Likelihood::kLaplace;
}

VaeNetworkOptions network_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  VaeNetworkOptions options;
  options.convolutional = definition.text("model.network") == "conv";
  options.image_shape = args.example_shape;
  options.channels = definition.integers("model.channels");
  options.hidden_widths = definition.integers("model.hidden_widths");
  options.latent_dim = definition.integer("model.latent_dim");
  options.activation = definition.text("model.activation");
  const auto misfit = vae_network_misfit(options);
  if (!misfit.empty()) throw Error(fmt::format("{}: {}", definition.name, misfit));
  return options;
}

torch::Tensor to_unit_range(const torch::Tensor& images) { return 0.5 * images + 0.5; }
torch::Tensor to_model_images(const torch::Tensor& logits) { return 2.0 * logits.sigmoid() - 1.0; }

class Vae : public GenerativeModel {
 public:
  explicit Vae(const ModelArgs& args)
      : Vae(args, network_options(args), ema_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  torch::Tensor sample(std::int64_t count, const SampleOptions& options,
                       torch::Generator generator) override;
  std::optional<torch::Tensor> reconstruct(const torch::Tensor& images) override;
  std::optional<torch::Tensor> elbo(const torch::Tensor& images,
                                    torch::Generator generator) override;
  std::optional<torch::Tensor> log_weights(const torch::Tensor& images, std::int64_t count,
                                           torch::Generator generator) override;

 private:
  Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema);
  VaeNetwork& scored_network() { return ema_ ? shadow_ : network_; }
  torch::Tensor reconstruction(const torch::Tensor& images, const torch::Tensor& logits,
                               const torch::Tensor& scale) const;
  torch::Tensor batch_scale(const torch::Tensor& images, const torch::Tensor& logits) const;

  Likelihood likelihood_;
  bool optimal_scale_;
  double beta_, warm_up_epochs_;
  std::int64_t latent_dim_;
  torch::Device device_;
  torch::Tensor scale_;  // σ or b: the fixed one, or the optimal one's running mean
  VaeNetwork network_, shadow_{nullptr};
  std::optional<Ema> ema_;
  Optimizer optimizer_;
};

VaeNetwork on_device(VaeNetwork network, torch::Device device) {
  network->to(device);
  return network;
}

Vae::Vae(const ModelArgs& args, const VaeNetworkOptions& options, const EmaOptions& ema)
    : likelihood_(likelihood_named(args.definition.text("objective.likelihood"))),
      optimal_scale_(args.definition.text("objective.scale") == "optimal" &&
                     likelihood_ != Likelihood::kBernoulli),
      beta_(args.definition.number("objective.beta")),
      warm_up_epochs_(args.definition.number("objective.kl_warm_up_epochs")),
      latent_dim_(options.latent_dim),
      device_(args.device),
      scale_(at::full({}, args.definition.number("objective.sigma"),
                      at::TensorOptions(at::kFloat).device(args.device))),
      network_(on_device(VaeNetwork(options), args.device)),
      optimizer_(*network_, optimizer_options(args.definition)) {
  if (ema.decay > 0.0) {
    shadow_ = on_device(VaeNetwork(options), args.device);
    ema_.emplace(*shadow_, *network_, ema);
  }
}

torch::Tensor Vae::batch_scale(const torch::Tensor& images, const torch::Tensor& logits) const {
  const auto mean = to_model_images(logits.detach());
  return likelihood_ == Likelihood::kGaussian ? optimal_gaussian_sigma(images, mean)
                                              : optimal_laplace_scale(images, mean);
}

torch::Tensor Vae::reconstruction(const torch::Tensor& images, const torch::Tensor& logits,
                                  const torch::Tensor& scale) const {
  switch (likelihood_) {
    case Likelihood::kGaussian:
      return gaussian_nll(images, to_model_images(logits), scale);
    case Likelihood::kLaplace:
      return laplace_nll(images, to_model_images(logits), scale);
    case Likelihood::kBernoulli:
      break;
  }
  return bernoulli_nll(to_unit_range(images), logits);
}

std::vector<LossTerm> Vae::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  const auto [mu, logvar] = network_->encode(batch.images);
  const auto eps = at::randn(mu.sizes(), context.noise, mu.options().requires_grad(false));
  const auto logits = network_->decode(reparameterise(mu, logvar, eps));
  const auto scale = optimal_scale_ ? batch_scale(batch.images, logits) : scale_;
  const auto nll = reconstruction(batch.images, logits, scale).mean();
  const auto kl = kl_to_standard_normal(mu, logvar).mean();
  const auto loss = nll + kl_weight(beta_, warm_up_epochs_, context.epoch) * kl;
  loss.backward();
  optimizer_.step(context);
  if (ema_) ema_->update(context.step);
  if (optimal_scale_) {
    // The mean of all batches at first, of about the last hundred later.
    scale_.lerp_(scale, std::max(0.01, 1.0 / static_cast<double>(context.step + 1)));
  }
  return {{"loss", loss.detach()}, {"reconstruction_nats", nll.detach()}, {"kl_nats", kl.detach()}};
}

void Vae::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_);
  visitor.tensor("scale", scale_, StateKind::kBuffer);
  if (ema_) visit_module(visitor, "ema", *shadow_, StateKind::kEma);
  optimizer_.visit_state(visitor, "optimizer");
}

torch::Tensor Vae::sample(std::int64_t count, const SampleOptions& options,
                          torch::Generator generator) {
  const auto z = draw_normal(count, {latent_dim_}, generator);
  const EvalMode eval(*scored_network());
  return sample_in_batches(count, options, [&](std::int64_t begin, std::int64_t end) {
    return to_model_images(scored_network()->decode(z.slice(0, begin, end).to(device_)));
  });
}

std::optional<torch::Tensor> Vae::reconstruct(const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*scored_network());
  return to_model_images(scored_network()->decode(scored_network()->encode(images).mu));
}

std::optional<torch::Tensor> Vae::elbo(const torch::Tensor& images, torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*scored_network());
  const auto [mu, logvar] = scored_network()->encode(images);
  const auto eps = draw_normal(images.size(0), {latent_dim_}, generator).to(images.device());
  const auto logits = scored_network()->decode(reparameterise(mu, logvar, eps));
  return -(reconstruction(images, logits, scale_) + kl_to_standard_normal(mu, logvar));
}

std::optional<torch::Tensor> Vae::log_weights(const torch::Tensor& images, std::int64_t count,
                                              torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*scored_network());
  const auto [mu, logvar] = scored_network()->encode(images);
  std::vector<torch::Tensor> weights;
  for (std::int64_t k = 0; k < count; ++k) {
    const auto eps = draw_normal(images.size(0), {latent_dim_}, generator).to(images.device());
    const auto logits = scored_network()->decode(reparameterise(mu, logvar, eps));
    weights.push_back(
        (log_prior_over_posterior(mu, logvar, eps) - reconstruction(images, logits, scale_))
            .to(torch::kFloat64));
  }
  return torch::stack(weights, 1);
}

}  // namespace

Schema vae_schema() {
  using std::int64_t;
  return {
      {.path = "model.network",
       .default_value = std::string("conv"),
       .meaning = "encoder and decoder: linear layers only, or convolutions outside them",
       .choices = {"mlp", "conv"}},
      {.path = "model.channels",
       .default_value = std::vector<int64_t>{24, 48},
       .meaning = "conv: channels of the convolutions, outermost first; each halves the side",
       .minimum = 1,
       .maximum = 4096},
      {.path = "model.hidden_widths",
       .default_value = std::vector<int64_t>{256},
       .meaning = "widths of the encoder's linear layers; the decoder mirrors them",
       .minimum = 1,
       .maximum = 65536},
      {.path = "model.latent_dim",
       .default_value = int64_t{10},
       .meaning = "dimensions of the code z",
       .minimum = 1,
       .maximum = 65536},
      {.path = "model.activation",
       .default_value = std::string("silu"),
       .meaning = "nonlinearity of both networks",
       .choices = {"relu", "silu", "tanh"}},
      {.path = "objective.likelihood",
       .default_value = std::string("bernoulli"),
       .meaning = "p(x|z): Bernoulli on images in [0,1], Gaussian or Laplace on [-1,1]",
       .choices = {"bernoulli", "gaussian", "laplace"}},
      {.path = "objective.scale",
       .default_value = std::string("fixed"),
       .meaning = "Gaussian or Laplace: objective.sigma, or the maximum-likelihood scale of each "
                  "batch (sigma-VAE)",
       .choices = {"fixed", "optimal"}},
      {.path = "objective.sigma",
       .default_value = 1.0,
       .meaning = "fixed scale: the Gaussian's standard deviation or the Laplace's b",
       .unit = "of images in [-1,1]",
       .minimum = 1e-6,
       .maximum = 1e6},
      {.path = "objective.beta",
       .default_value = 1.0,
       .meaning = "weight of the KL term",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.kl_warm_up_epochs",
       .default_value = 0.0,
       .meaning = "the KL term's weight rises linearly over this time",
       .unit = "epochs",
       .minimum = 0,
       .maximum = 1e6},
  };
}

std::unique_ptr<Trainable> make_vae(const ModelArgs& args) { return std::make_unique<Vae>(args); }

}  // namespace assay
