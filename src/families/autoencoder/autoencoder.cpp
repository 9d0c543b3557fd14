// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/autoencoder.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>

#include "families/autoencoder/autoencoder_choices.h"
#include "families/autoencoder/autoencoder_network.h"
#include "families/autoencoder/gaussian_mixture.h"
#include "families/autoencoder/sparsity.h"
#include "families/latent_fifth.h"
#include "families/network.h"
#include "families/objectives/contraction.h"
#include "families/objectives/corruption.h"
#include "families/objectives/likelihoods.h"
#include "families/optimizer.h"
#include "families/refuse.h"
#include "families/sampling.h"
#include "families/training_codes.h"
#include "families/unit_range.h"
#include "kernels/runtime/multiply_adds.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

AutoencoderNetworkOptions network_options(const ModelArgs& args) {
  const auto& definition = args.definition;
  AutoencoderNetworkOptions options;
  options.layers = encoder_decoder_options(args, "the autoencoder");
  options.code_activation = kCodeActivations.of(definition, "model.code_activation");
  options.kept = definition.integer("model.kept");
  refuse_if(options.kept > options.layers.latent_dim, definition,
            fmt::format("model.kept = {} exceeds the {} numbers of a code", options.kept,
                        options.layers.latent_dim));
  options.tied = definition.boolean("model.tied");
  return options;
}

// Before training: a mixture of more components than codes could not be fitted when it is scored.
void check_components(const ModelArgs& args) {
  const auto& definition = args.definition;
  if (definition.text("sampler.codes") != "mixture" || !args.training_images.defined()) return;
  const auto images = args.training_images.size(0), most = definition.integer("sampler.fit_images");
  const auto coded = most > 0 ? std::min(most, images) : images;
  const auto components = definition.integer("sampler.components");
  refuse_if(components > coded, definition,
            fmt::format("sampler.components = {} needs as many codes, and {} images are coded",
                        components, coded));
}

class Autoencoder : public GenerativeModel {
 public:
  explicit Autoencoder(const ModelArgs& args)
      : Autoencoder(args, network_options(args), ema_options(args.definition)) {}

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> draw_latents(std::int64_t count, const torch::Tensor& labels,
                                            torch::Generator generator) override;
  std::optional<Codes> encode(const Batch& batch) override;
  std::optional<torch::Tensor> decode(const torch::Tensor& z, const torch::Tensor& labels) override;
  std::optional<torch::Tensor> reconstruct(const Batch& batch) override;
  std::optional<torch::Tensor> jacobian_norms(const Batch& batch) override;

 private:
  Autoencoder(const ModelArgs& args, const AutoencoderNetworkOptions& options,
              const EmaOptions& ema);
  torch::Tensor reconstruction_error(const torch::Tensor& images,
                                     const torch::Tensor& logits) const;
  torch::Tensor contraction(const torch::Tensor& codes, const torch::Tensor& images,
                            const Noise& noise);
  GaussianMixture fitted_codes();

  const Reconstruction reconstruction_;
  const Corruption corrupted_;
  const Sparsity sparsity_;
  const Contraction contraction_;
  const CodeFit code_fit_;
  double corruption_level_, sparsity_weight_, sparsity_target_, contraction_weight_;
  std::int64_t contraction_probes_, latent_fifth_, fit_images_, fit_components_;
  std::uint64_t fit_seed_;
  torch::Tensor training_images_;
  torch::Device device_;
  Averaged<AutoencoderNetwork> network_;
  Optimizer optimizer_;
};

Autoencoder::Autoencoder(const ModelArgs& args, const AutoencoderNetworkOptions& options,
                         const EmaOptions& ema)
    : reconstruction_(kReconstructions.of(args.definition, "objective.reconstruction")),
      corrupted_(kCorruptions.of(args.definition, "objective.corruption")),
      sparsity_(kSparsities.of(args.definition, "objective.sparsity")),
      contraction_(kContractions.of(args.definition, "objective.contraction")),
      code_fit_(kCodeFits.of(args.definition, "sampler.codes")),
      corruption_level_(args.definition.number(corrupted_ == add_gaussian_noise
                                                   ? "objective.noise_sigma"
                                                   : "objective.corrupted_share")),
      sparsity_weight_(args.definition.number("objective.sparsity_weight")),
      sparsity_target_(args.definition.number("objective.sparsity_target")),
      contraction_weight_(args.definition.number("objective.contraction_weight")),
      contraction_probes_(args.definition.integer("objective.contraction_probes")),
      latent_fifth_(args.definition.integer("sampler.latent_fifth")),
      fit_images_(args.definition.integer("sampler.fit_images")),
      fit_components_(args.definition.integer("sampler.components")),
      fit_seed_(static_cast<std::uint64_t>(args.definition.integer("sampler.fit_seed"))),
      training_images_(args.training_images),
      device_(args.device),
      network_(make_network<AutoencoderNetwork>(options, args.device)),
      optimizer_(*network_.live(), optimizer_options(args.definition)) {
  network_.keep_average(ema,
                        [&] { return make_network<AutoencoderNetwork>(options, args.device); });
}

torch::Tensor Autoencoder::reconstruction_error(const torch::Tensor& images,
                                                const torch::Tensor& logits) const {
  if (reconstruction_ == Reconstruction::kCrossEntropy)
    return bernoulli_nll(to_unit_range(images), logits).mean();
  return (images - mean_image(logits)).square().flatten(1).sum(1).mean();
}

torch::Tensor Autoencoder::contraction(const torch::Tensor& codes, const torch::Tensor& images,
                                       const Noise& noise) {
  switch (contraction_) {
    case Contraction::kClosedForm:
      return sigmoid_contraction(codes, *network_.live()->only_weight());
    case Contraction::kExact:
      return exact_contraction(codes, images);
    case Contraction::kHutchinson:
      return hutchinson_contraction(codes, images, contraction_probes_, noise);
    case Contraction::kNone:
      break;
  }
  return at::zeros({}, codes.options());
}

std::vector<LossTerm> Autoencoder::training_step(const Batch& batch, const StepContext& context) {
  optimizer_.zero_grad();
  auto seen = corrupted_(batch.images, corruption_level_, context.noise);
  if (contraction_ == Contraction::kExact || contraction_ == Contraction::kHutchinson) {
    seen = seen.detach().clone().requires_grad_();
  }
  const auto codes = network_.live()->encode(seen);
  const auto error = reconstruction_error(batch.images, network_.live()->decode(codes));
  auto loss = error;
  std::vector<LossTerm> terms = {{"loss", {}}, {"reconstruction_error", error.detach()}};
  if (sparsity_ != Sparsity::kNone) {
    const auto penalty =
        sparsity_ == Sparsity::kL1 ? l1_sparsity(codes) : kl_sparsity(codes, sparsity_target_);
    loss = loss + sparsity_weight_ * penalty;
    terms.push_back({"sparsity", penalty.detach()});
  }
  if (contraction_ != Contraction::kNone) {
    const auto penalty = contraction(codes, seen, context.noise);
    loss = loss + contraction_weight_ * penalty;
    terms.push_back({"contraction", penalty.detach()});
  }
  backward(loss);
  optimizer_.step(context);
  network_.update(context.step);
  terms.push_back({"mean_activation", codes.detach().mean()});
  terms.front().value = loss.detach();
  return terms;
}

void Autoencoder::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "network", *network_.live());
  network_.visit_average(visitor, "ema");
  optimizer_.visit_state(visitor, "optimizer");
}

GaussianMixture Autoencoder::fitted_codes() {
  const MultiplyAddsUncounted once;  // however many samples follow
  const auto codes = codes_of_training_images(
      training_images_, fit_images_, device_,
      [&](const torch::Tensor& images) { return network_.scored()->encode(images); });
  if (code_fit_ == CodeFit::kGaussian) return fit_gaussian(codes);
  return fit_gaussian_mixture(codes, fit_components_, at::detail::createCPUGenerator(fit_seed_))
      .mixture;
}

void Autoencoder::sample(const SampleRequest& request) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto z = *draw_latents(request.count, {}, request.generator);
  sample_in_batches(request, [&](std::int64_t begin, std::int64_t end) {
    return mean_image(network_.scored()->decode(z.slice(0, begin, end).to(device_)));
  });
}

std::optional<torch::Tensor> Autoencoder::draw_latents(std::int64_t count, const torch::Tensor&,
                                                       torch::Generator generator) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  const auto mixture = fitted_codes();
  const auto z = draw_in_fifth(latent_fifth_, count, generator,
                               [&](std::int64_t more, const torch::Generator& from) {
                                 return sample_mixture(mixture, more, from);
                               });
  return network_.scored()->sparse(z.to(device_)).to(torch::kCPU);
}

std::optional<Codes> Autoencoder::encode(const Batch& batch) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return Codes{network_.scored()->encode(batch.images), {}};
}

std::optional<torch::Tensor> Autoencoder::decode(const torch::Tensor& z, const torch::Tensor&) {
  const torch::NoGradGuard no_grad;
  const EvalMode eval(*network_.scored());
  return mean_image(network_.scored()->decode(z.to(device_)));
}

std::optional<torch::Tensor> Autoencoder::reconstruct(const Batch& batch) {
  return decode(encode(batch)->mu, {});
}

std::optional<torch::Tensor> Autoencoder::jacobian_norms(const Batch& batch) {
  const EvalMode eval(*network_.scored());
  if (network_.scored()->is_one_sigmoid_layer()) {
    const torch::NoGradGuard no_grad;
    const auto codes = network_.scored()->encode(batch.images);
    return sigmoid_squared_norms(codes, *network_.scored()->only_weight()).sqrt();
  }
  const torch::AutoGradMode with_gradients(true);
  const auto images = batch.images.detach().clone().requires_grad_();
  return exact_squared_norms(network_.scored()->encode(images), images).sqrt();
}

}  // namespace

void check_autoencoder(const Definition& definition) {
  const auto& network = definition.text("model.network");
  const auto& code_activation = definition.text("model.code_activation");
  const auto kept = definition.integer("model.kept");
  const auto latent_dim = code_size(definition);
  refuse_if(definition.boolean("model.tied") && network != "mlp", definition,
            "model.tied needs linear layers; set model.network = \"mlp\"");
  if (latent_dim) {
    refuse_if(kept > *latent_dim, definition,
              fmt::format("model.kept = {} exceeds model.latent_dim = {}", kept, *latent_dim));
  }
  refuse_if(normalises_single_values(definition), definition, kSingleValues);
  const bool kl_sparse = definition.text("objective.sparsity") == "kl";
  refuse_if(
      kl_sparse && code_activation != "sigmoid", definition,
      "objective.sparsity = \"kl\" compares activations in (0,1); set model.code_activation = "
      "\"sigmoid\"");
  refuse_if(
      kl_sparse && kept > 0, definition,
      "objective.sparsity = \"kl\" has no value for a unit that model.kept switches off for a "
      "whole batch; keep one of them");
  const auto& contraction = definition.text("objective.contraction");
  refuse_if(
      contraction == "closed_form" &&
          (network != "mlp" || !definition.integers("model.hidden_widths").empty() ||
           code_activation != "sigmoid" || kept > 0),
      definition,
      "objective.contraction = \"closed_form\" is of one sigmoid layer: set model.network = "
      "\"mlp\", model.hidden_widths = [], model.code_activation = \"sigmoid\" and model.kept = "
      "0, or take \"exact\" or \"hutchinson\"");
  refuse_if(
      (contraction == "exact" || contraction == "hutchinson") && network == "infogan", definition,
      "objective.contraction differentiates image by image, which batch normalisation is not; "
      "take another model.network than \"infogan\"");
}

Capabilities autoencoder_capabilities(const Definition& definition) {
  Capabilities can{.latents = true,
                   .decodes = true,
                   .encoding = Encoding::kPoints,
                   .differentiable = true,
                   .code_size = code_size(definition)};
  const auto& contraction = definition.text("objective.contraction");
  if (contraction == "exact" || contraction == "hutchinson") {
    can.trains_alone = fmt::format(
        "objective.contraction = \"{}\" differentiates by the images, which only one seed at a "
        "time "
        "can",
        contraction);
  }
  return can;
}

std::unique_ptr<Trainable> make_autoencoder(const ModelArgs& args) {
  check_autoencoder(args.definition);
  check_components(args);
  return std::make_unique<Autoencoder>(args);
}

}  // namespace assay
