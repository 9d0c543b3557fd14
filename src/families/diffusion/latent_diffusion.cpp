// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/latent_diffusion.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <utility>

#include "families/diffusion/evenly.h"
#include "families/refuse.h"
#include "families/registry.h"
#include "families/sampling.h"
#include "kernels/runtime/multiply_adds.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

constexpr int64_t kMeasured = 10000, kBlock = 500;
constexpr int64_t kCachedBytes = int64_t{1} << 30;

ModelArgs on_latents(const ModelArgs& args, const LatentMaps& maps) {
  ModelArgs of_latents = args;
  of_latents.example_shape = maps.latent_shape();
  return of_latents;
}

}  // namespace

LatentDiffusion::Stage LatentDiffusion::make_stage(const ModelArgs& args) {
  const Definition& first = *args.definition.first_stage;
  ModelArgs of_stage{first,       args.example_shape,   args.classes,
                     args.device, args.training_images, args.training_labels};
  auto model = family(first.family).make(of_stage);
  auto* maps = dynamic_cast<LatentMaps*>(model.get());
  TORCH_CHECK(maps != nullptr, first.name, " makes no latent maps");
  return {std::move(model), maps};
}

LatentDiffusion::LatentDiffusion(const ModelArgs& args) : LatentDiffusion(args, make_stage(args)) {}

LatentDiffusion::LatentDiffusion(const ModelArgs& args, Stage stage)
    : training_images_(args.training_images),
      encodes_batches_(args.definition.boolean("dataset.horizontal_flip") ||
                       args.definition.text("dataset.binarisation") == "stochastic"),
      device_(args.device),
      first_stage_(std::move(stage.model)),
      maps_(*stage.maps),
      scale_(at::ones({}, at::TensorOptions(at::kFloat).device(args.device))),
      diffusion_(on_latents(args, maps_)) {}

Tensor LatentDiffusion::encoded(const Tensor& images) const {
  const torch::NoGradGuard no_grad;
  return maps_.to_latents(images) * scale_;
}

Tensor LatentDiffusion::decoded(const Tensor& latents) const {
  const torch::NoGradGuard no_grad;
  return maps_.from_latents(latents.to(device_) / scale_);
}

Tensor LatentDiffusion::decoded_strips(const Tensor& strips) const {
  const auto images = decoded(strips.flatten(0, 1)).cpu();
  return images.unflatten(0, strips.sizes().slice(0, 2));
}

bool LatentDiffusion::keeps_latents() const {
  const auto shape = maps_.latent_shape();
  return !encodes_batches_ &&
         4 * training_images_.size(0) * c10::multiply_integers(shape) <= kCachedBytes;
}

Tensor LatentDiffusion::latents_of_images(const Tensor& images) const {
  const torch::NoGradGuard no_grad;
  std::vector<Tensor> blocks;
  for (const auto& block : images.split(kBlock)) {
    blocks.push_back(maps_.to_latents(to_model_range(block).to(device_)).cpu());
  }
  return at::cat(blocks);
}

void LatentDiffusion::first_stage_restored() {
  TORCH_CHECK(training_images_.defined(), "latents were to be measured without training images");
  if (keeps_latents()) training_latents_ = latents_of_images(training_images_);
  const auto measured = training_latents_.defined()
                            ? evenly(training_latents_, kMeasured)
                            : latents_of_images(evenly(training_images_, kMeasured));
  const double sd = measured.to(at::kDouble).std(/*unbiased=*/false).item<double>();
  TORCH_CHECK(sd > 0.0, "the first stage makes the same latents of all training images");
  const torch::NoGradGuard no_grad;
  scale_.fill_(1.0 / sd);
}

Tensor LatentDiffusion::latents_of(const Batch& batch) {
  if (!batch.rows.defined() || !keeps_latents()) return encoded(batch.images);
  if (!training_latents_.defined()) {
    const MultiplyAddsUncounted once;  // no step's cost
    training_latents_ = latents_of_images(training_images_);
  }
  return training_latents_.index_select(0, batch.rows).to(device_) * scale_;
}

std::vector<LossTerm> LatentDiffusion::training_step(const Batch& batch,
                                                     const StepContext& context) {
  Batch latents = batch;
  latents.images = latents_of(batch);
  return diffusion_.training_step(latents, context);
}

void LatentDiffusion::visit_state(StateVisitor& visitor) {
  diffusion_.visit_state(visitor);
  visitor.tensor("first_stage.latent_scale", scale_, StateKind::kBuffer);
  maps_.visit_weights(visitor, "first_stage");
}

void LatentDiffusion::sample(const SampleRequest& request) {
  SampleRequest of_latents = request;
  // A sample is done once it is decoded.
  of_latents.progress = {};
  int64_t done = 0;
  of_latents.sink = [&](const Tensor& latents) {
    const auto images = decoded(latents).cpu();
    done += images.size(0);
    if (request.progress) request.progress(done);
    if (request.sink) request.sink(images);
  };
  diffusion_.sample(of_latents);
}

std::optional<Tensor> LatentDiffusion::sample_labels(int64_t count) {
  return diffusion_.sample_labels(count);
}

std::optional<Tensor> LatentDiffusion::denoising_losses(const Batch& batch,
                                                        torch::Generator generator) {
  Batch latents = batch;
  latents.images = encoded(batch.images);
  return diffusion_.denoising_losses(latents, std::move(generator));
}

Tensor LatentDiffusion::snr_curve(int64_t count) const { return diffusion_.snr_curve(count); }

Tensor LatentDiffusion::noised_strips(const Tensor& examples, int64_t columns,
                                      torch::Generator generator) const {
  return decoded_strips(diffusion_.noised_strips(encoded(examples), columns, std::move(generator)));
}

std::optional<Tensor> LatentDiffusion::denoised_strips(int64_t count, int64_t columns,
                                                       torch::Generator generator) {
  const auto strips = diffusion_.denoised_strips(count, columns, std::move(generator));
  if (!strips) return std::nullopt;
  return decoded_strips(*strips);
}

std::optional<Tensor> LatentDiffusion::bound_terms(const Batch&, int64_t, torch::Generator) {
  return std::nullopt;
}

std::vector<int64_t> LatentDiffusion::token_sizes() const { return diffusion_.token_sizes(); }

Tensor LatentDiffusion::sample_tokens(int64_t count) const {
  return diffusion_.sample_tokens(count);
}

Tensor LatentDiffusion::sample_of_tokens(const Tensor& values, torch::Generator generator) {
  return decoded(diffusion_.sample_of_tokens(values, std::move(generator))).cpu();
}

namespace {

bool takes_data_sd(const Definition& definition) {
  return definition.text("objective.prediction") == "F" ||
         definition.text("objective.weighting") == "edm";
}

}  // namespace

void check_first_stage(const Definition& definition) {
  if (!definition.first_stage) return;
  const Definition& first = *definition.first_stage;
  refuse_if(!capabilities_of(first).latent_maps, definition,
            fmt::format("model.first_stage = \"{}\" makes no latent maps; take a vq_vae, or a vae "
                        "with model.network = \"maps\" that is not model.conditional",
                        first.name));
  refuse_if(
      !has_unet(definition) && definition.text("model.network") == "mlp", definition,
      "model.first_stage makes maps, and model.network = \"mlp\" is of points; take \"unet\"");
  refuse_if(definition.boolean("sampler.clip_x0"), definition,
            "sampler.clip_x0 = true clamps latents as if they were pixels; set it to false");
  refuse_if(definition.number("sampler.dynamic_threshold") > 0.0, definition,
            "sampler.dynamic_threshold scales latents as if they were pixels; leave it out");
  refuse_if(definition.boolean("model.classifier"), definition,
            "model.classifier is of noisy pixels; guide latents by model.conditional and "
            "sampler.guidance_scale");
  refuse_if(definition.number("objective.data_sd") != 1.0 && takes_data_sd(definition), definition,
            fmt::format("objective.data_sd = {} is not that of latents, which are scaled to a "
                        "variance of 1; set it to 1",
                        definition.number("objective.data_sd")));
  constexpr const char* kSecondStage = "objective.second_stage_share";
  refuse_if(first.has(kSecondStage) && first.number(kSecondStage) > 0.0, definition,
            fmt::format("model.first_stage = \"{}\" would train a second stage of its own, which "
                        "latent diffusion takes the place of; set first_stage.{} = 0",
                        first.name, kSecondStage));
}

}  // namespace assay
