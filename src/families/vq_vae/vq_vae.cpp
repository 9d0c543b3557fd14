// SPDX-License-Identifier: Apache-2.0
#include "families/vq_vae/vq_vae.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include "config/choices.h"
#include "core/error.h"
#include "data/batch_stream.h"
#include "families/latent_maps.h"
#include "families/network.h"
#include "families/objectives/patch_gan.h"
#include "families/optimizer.h"
#include "families/sampling.h"
#include "families/stretches.h"
#include "families/training_codes.h"
#include "families/vq_vae/vector_quantiser.h"
#include "families/vq_vae/vq_vae_network.h"
#include "kernels/runtime/seed_batch.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

const Choices<VqVaeNetworkKind> kNetworks = {{"residual", VqVaeNetworkKind::kResidual},
                                             {"maps", VqVaeNetworkKind::kMaps}};

VqVaeNetworkOptions network_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  VqVaeNetworkOptions options;
  options.kind = kNetworks.of(definition, "model.network");
  options.image_shape = args.example_shape;
  options.channels = definition.integer("model.channels");
  options.residual_channels = definition.integer("model.residual_channels");
  options.residual_layers = definition.integer("model.residual_layers");
  options.codes = definition.integer("model.codes");
  options.code_dim = definition.integer("model.code_dim");
  options.level_channels = definition.integers("model.level_channels");
  options.blocks = definition.integer("model.blocks");
  options.groups = definition.integer("model.groups");
  options.attention = definition.boolean("model.attention");
  const auto misfit = vq_vae_network_misfit(options);
  if (!misfit.empty()) throw Error(fmt::format("{}: {}", definition.name, misfit));
  return options;
}

// Of all values of the training images, on [−1,1].
double variance_of(const ModelArgs& args) {
  TORCH_CHECK(args.training_images.defined(), "the VQ-VAE was built without training images");
  auto sum = 0.0, squares = 0.0;
  for (const auto& block : args.training_images.split(1000)) {
    const auto values = to_model_range(block).to(at::kDouble);
    sum += values.sum().item<double>();
    squares += values.square().sum().item<double>();
  }
  const auto count = static_cast<double>(args.training_images.numel());
  const double variance = squares / count - (sum / count) * (sum / count);
  if (variance <= 0.0) {
    throw Error(fmt::format("{}: all training images are one colour", args.definition.name));
  }
  return variance;
}

class VqVae : public GenerativeModel, public LatentMaps, public UnevenTraining {
 public:
  explicit VqVae(const ModelArgs& args)
      : VqVae(args, network_options(args), ema_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  std::vector<Stretch> stretches(std::int64_t total_steps) const override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<Codes> encode(const Batch& batch) override;
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override;
  std::vector<std::int64_t> latent_shape() const override;
  torch::Tensor to_latents(const torch::Tensor& images) override;
  torch::Tensor from_latents(const torch::Tensor& latents) override;
  void visit_weights(StateVisitor& visitor, const std::string& prefix) override;

 private:
  VqVae(const ModelArgs& args, const VqVaeNetworkOptions& options, const EmaOptions& ema);
  torch::Tensor indices_of(const torch::Tensor& images);

  VqVaeNetworkOptions options_;
  double commitment_, data_variance_;
  std::int64_t fit_images_;
  torch::Tensor training_images_;
  torch::Device device_;
  Averaged<VqVaeNetwork> network_;
  Optimizer optimizer_;
  EmaCodebook codebook_;
  std::unique_ptr<PatchGan> patch_gan_;  // none: no such term
};

VqVae::VqVae(const ModelArgs& args, const VqVaeNetworkOptions& options, const EmaOptions& ema)
    : options_(options),
      commitment_(args.definition.number("objective.commitment")),
      data_variance_(variance_of(args)),
      fit_images_(args.definition.integer("sampler.fit_images")),
      training_images_(args.training_images),
      device_(args.device),
      network_(make_network<VqVaeNetwork>(options, args.device)),
      optimizer_(*network_.live(), optimizer_options(args.definition)),
      codebook_(network_.live()->codebook(), args.definition.number("model.codebook_decay")) {
  network_.keep_average(ema, [&] { return make_network<VqVaeNetwork>(options, args.device); });
  patch_gan_ = make_patch_gan(args);
}

std::vector<LossTerm> VqVae::training_step(const Batch& batch, const StepContext& context) {
  TORCH_CHECK(seeds_in_batch() == 0, "a codebook learns of one seed at a time");
  optimizer_.zero_grad();
  const auto encoded = network_.live()->encode(batch.images);
  const auto vectors = VqVaeNetworkImpl::to_vectors(encoded);
  const auto indices = nearest_code(vectors.detach(), network_.live()->codebook());
  const auto quantised = network_.live()->to_maps(indices);
  const auto means = mean_image(network_.live()->decode(straight_through(encoded, quantised)));
  const auto error = (batch.images - means).square().mean();
  const auto commitment = commitment_loss(encoded, quantised);
  std::vector<LossTerm> terms = {{"loss", {}},
                                 {"reconstruction_mse", error.detach()},
                                 {"commitment", commitment.detach()},
                                 {"perplexity", perplexity(indices, options_.codes)}};
  const auto reconstruction = error / data_variance_;
  auto loss = reconstruction + commitment_ * commitment;
  if (patch_gan_) {
    const auto term =
        patch_gan_->value({means, reconstruction, network_.live()->decoder(), context}, terms);
    if (term.defined()) loss = loss + term;
  }
  backward(loss);
  optimizer_.step(context);
  codebook_.update(vectors.detach(), indices);
  network_.update(context.step);
  if (patch_gan_) patch_gan_->learn(batch.images, means.detach(), context, terms);
  terms.front().value = loss.detach();
  return terms;
}

std::vector<Stretch> VqVae::stretches(std::int64_t total_steps) const {
  const std::int64_t alone =
      patch_gan_ ? std::min(total_steps, patch_gan_->first_step()) : total_steps;
  return {{alone, 1}, {total_steps - alone, 1}};
}

void VqVae::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  codebook_.visit_state(visitor);
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
  if (patch_gan_) patch_gan_->visit_state(visitor);
}

// [N,h·w]
torch::Tensor VqVae::indices_of(const torch::Tensor& images) {
  const auto vectors = VqVaeNetworkImpl::to_vectors(network_.scored()->encode(images));
  return nearest_code(vectors, network_.scored()->codebook()).view({images.size(0), -1});
}

void VqVae::sample(const SampleRequest& request) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto seen =
      codes_of_training_images(training_images_, fit_images_, device_,
                               [&](const torch::Tensor& images) { return indices_of(images); });
  const auto shares = position_shares(seen, options_.codes);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    const auto indices = sample_positions(shares, end - begin, request.generator).to(device_);
    return mean_image(network_.scored()->decode(network_.scored()->to_maps(indices)));
  });
}

std::optional<Codes> VqVae::encode(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return Codes{network_.scored()->to_maps(indices_of(batch.images)).flatten(1), {}};
}

std::optional<torch::Tensor> VqVae::reconstruct(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return mean_image(
      network_.scored()->decode(network_.scored()->to_maps(indices_of(batch.images))));
}

std::vector<std::int64_t> VqVae::latent_shape() const {
  const auto f = options_.factor();
  return {options_.code_dim, options_.image_shape[1] / f, options_.image_shape[2] / f};
}

torch::Tensor VqVae::to_latents(const torch::Tensor& images) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return network_.scored()->to_maps(indices_of(images));
}

torch::Tensor VqVae::from_latents(const torch::Tensor& latents) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto vectors = VqVaeNetworkImpl::to_vectors(latents);
  const auto indices = nearest_code(vectors, network_.scored()->codebook());
  return mean_image(network_.scored()->decode(network_.scored()->to_maps(indices)));
}

void VqVae::visit_weights(StateVisitor& visitor, const std::string& prefix) {
  visit_module(visitor, prefix, *network_.scored());
}

}  // namespace

Schema vq_vae_schema() {
  using std::int64_t;
  const auto count = [](std::string path, int64_t value, std::string meaning,
                        std::vector<Need> needs = {}) {
    return Key{.path = std::move(path),
               .default_value = value,
               .meaning = std::move(meaning),
               .minimum = 1,
               .maximum = 65536,
               .needs = std::move(needs)};
  };
  const std::vector<Need> residual = {{"model.network", {"residual"}}},
                          maps = {{"model.network", {"maps"}}};
  Schema schema = {
      {.path = "model.network",
       .default_value = std::string("residual"),
       .meaning = "encoder and decoder: van den Oord et al. 2017, or those of VQGAN and latent "
                  "diffusion (Esser et al. 2021; Rombach et al. 2022)",
       .choices = kNetworks.names()},
      count("model.channels", 128, "channels of the convolutions; the outermost have half of them",
            residual),
      count("model.residual_channels", 32, "channels inside a residual layer", residual),
      count("model.residual_layers", 2, "residual layers in the encoder, and in the decoder",
            residual),
      {.path = "model.level_channels",
       .default_value = std::vector<int64_t>{32, 64},
       .meaning = "channels of the levels, outermost first; the side halves between them",
       .minimum = 1,
       .maximum = 65536,
       .needs = maps},
      count("model.blocks", 2, "residual blocks of a level, one more on the way up", maps),
      count("model.groups", 8, "groups of group normalisation", maps),
      {.path = "model.attention",
       .default_value = true,
       .meaning = "self-attention in the middle of both networks",
       .needs = maps},
      count("model.codes", 512, "K, entries of the codebook"),
      count("model.code_dim", 64, "D, numbers of a codebook entry"),
      {.path = "model.codebook_decay",
       .default_value = 0.99,
       .meaning = "decay per step of the averages that make the codebook",
       .minimum = 0,
       .maximum = 0.9999999},
      {.path = "objective.commitment",
       .default_value = 0.25,
       .meaning = "beta, weight of the commitment loss",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "sampler.codes",
       .default_value = std::string("independent"),
       .meaning = "what samples are drawn from: each position's code on its own, as often as "
                  "training images show it there",
       .choices = {"independent"}},
      {.path = "sampler.fit_images",
       .default_value = int64_t{10000},
       .meaning = "training images whose codes are counted; 0: all",
       .unit = "images",
       .minimum = 0,
       .maximum = 1e8},
  };
  const auto adversarial = patch_gan_keys();
  schema.insert(schema.end(), adversarial.begin(), adversarial.end());
  return schema;
}

// Codes are entries of a codebook: no z of their own to decode, and no derivative.
Capabilities vq_vae_capabilities(const Definition&) {
  return {.encoding = Encoding::kPoints,
          .latent_maps = true,
          .trains_alone = "a codebook learns of one seed at a time"};
}

std::unique_ptr<Trainable> make_vq_vae(const ModelArgs& args) {
  check_patch_gan(args.definition);
  return std::make_unique<VqVae>(args);
}

}  // namespace assay
