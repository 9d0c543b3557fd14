// SPDX-License-Identifier: Apache-2.0
#include "families/objectives/patch_gan.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/autograd.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "families/refuse.h"
#include "kernels/runtime/seed_batch.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/halving.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr std::int64_t kGroups = 8, kMostWidening = 8;
constexpr double kDelta = 1e-4, kLargestWeight = 1e4;

void leaky_relu(Sequential& layers) {
  layers->push_back(torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(0.2)));
}

void normalised(Sequential& layers, std::int64_t in, std::int64_t out, std::int64_t stride) {
  const auto options = torch::nn::Conv2dOptions(in, out, 4).stride(stride).padding(1).bias(false);
  layers->push_back(Convolution(options));
  layers->push_back(torch::nn::GroupNorm(torch::nn::GroupNormOptions(kGroups, out)));
  leaky_relu(layers);
}

// Channels behind the i-th convolution.
std::int64_t width(const PatchDiscriminatorOptions& options, std::int64_t i) {
  return options.channels * (i < 3 ? std::int64_t{1} << i : kMostWidening);
}

// ∂loss/∂weight of each seed; the loss keeps its graph and the gradient has none.
torch::Tensor gradient_of(const torch::Tensor& loss, const torch::Tensor& weight) {
  const auto by_autograd = [](const torch::Tensor& y, const torch::Tensor& x) {
    return torch::autograd::grad({y}, {x}, {}, /*retain_graph=*/true).front();
  };
  if (seeds_in_batch() == 0) return by_autograd(loss, weight);
  const auto losses = stack_over_seeds(loss), weights = stack_over_seeds(weight);
  const OutsideSeedBatch stacks;
  return batch_over_seeds(by_autograd(losses.sum(), weights));
}

Sequential fitting_discriminator(const ModelArgs& args) {
  const PatchDiscriminatorOptions options{args.example_shape,
                                          args.definition.integer("model.patch_gan_channels"),
                                          args.definition.integer("model.patch_gan_layers")};
  const auto misfit = patch_discriminator_misfit(options);
  refuse_if(!misfit.empty(), args.definition, misfit);
  auto network = make_patch_discriminator(options);
  network->to(args.device);
  return network;
}

}  // namespace

std::string patch_discriminator_misfit(const PatchDiscriminatorOptions& options) {
  const auto& shape = options.image_shape;
  if (shape.size() != 3)
    return "objective.patch_gan_weight needs images; the data set holds points";
  // Two convolutions of stride 1 take a pixel each.
  const auto side =
      side_after(std::min(shape[1], shape[2]), static_cast<std::size_t>(options.layers));
  if (side < 3) {
    return fmt::format(
        "model.patch_gan_layers = {} leave no patch of images of {}x{}: sides halved so often must "
        "be 3 or more; take fewer layers",
        options.layers, shape[1], shape[2]);
  }
  if (width(options, 1) % kGroups != 0) {
    return fmt::format(
        "twice model.patch_gan_channels = {} is not a multiple of {}, the groups of "
        "its normalisation; take a multiple of {}",
        options.channels, kGroups, kGroups / 2);
  }
  return {};
}

Sequential make_patch_discriminator(const PatchDiscriminatorOptions& options) {
  const auto misfit = patch_discriminator_misfit(options);
  TORCH_CHECK(misfit.empty(), misfit);
  Sequential layers;
  layers->push_back(Convolution(
      torch::nn::Conv2dOptions(options.image_shape[0], options.channels, 4).stride(2).padding(1)));
  leaky_relu(layers);
  for (std::int64_t i = 1; i < options.layers; ++i) {
    normalised(layers, width(options, i - 1), width(options, i), 2);
  }
  const auto last = width(options, options.layers);
  normalised(layers, width(options, options.layers - 1), last, 1);
  layers->push_back(Convolution(torch::nn::Conv2dOptions(last, 1, 4).padding(1)));
  return layers;
}

torch::Tensor patch_hinge_loss(const torch::Tensor& real_logits,
                               const torch::Tensor& generated_logits) {
  return 0.5 * (at::relu(1.0 - real_logits).mean() + at::relu(1.0 + generated_logits).mean());
}

torch::Tensor adaptive_weight(const torch::Tensor& reconstruction_loss,
                              const torch::Tensor& adversarial_loss,
                              const torch::Tensor& last_weight) {
  const auto slope = [&](const torch::Tensor& loss) {
    return gradient_of(loss, last_weight).norm();
  };
  return (slope(reconstruction_loss) / (slope(adversarial_loss) + kDelta))
      .clamp(0.0, kLargestWeight);
}

torch::Tensor last_weight_of(torch::nn::Module& network) {
  const auto members = parameter_members(network);
  const auto found = std::find_if(members.rbegin(), members.rend(),
                                  [](const auto* member) { return member->dim() >= 2; });
  TORCH_CHECK(found != members.rend(), "a network without weights");
  return **found;
}

PatchGan::PatchGan(const ModelArgs& args)
    : weight_(args.definition.number("objective.patch_gan_weight")),
      start_(args.definition.integer("objective.patch_gan_start")),
      batch_size_(args.definition.integer("train.batch_size")),
      adaptive_(args.definition.boolean("objective.patch_gan_adaptive")),
      network_(fitting_discriminator(args)),
      optimizer_(*network_, network_optimizer_options(args.definition, "patch_gan")) {}

torch::Tensor PatchGan::value(const PatchGanView& view, std::vector<LossTerm>& terms) {
  if (view.context.images_seen < start_) return {};
  // What reaches the discriminator's weights here is dropped by zero_grad() before its own step.
  const auto adversarial = -network_->forward(view.reconstructions).mean();
  terms.push_back({"patch_gan_generator_loss", adversarial.detach()});
  if (!adaptive_) return weight_ * adversarial;
  const auto lambda = adaptive_weight(view.loss, adversarial, last_weight_of(view.decoder));
  terms.push_back({"patch_gan_adaptive_weight", lambda});
  return weight_ * lambda * adversarial;
}

void PatchGan::learn(const torch::Tensor& images, const torch::Tensor& reconstructions,
                     const StepContext& context, std::vector<LossTerm>& terms) {
  if (context.images_seen < start_) return;
  optimizer_.zero_grad();
  const auto loss = patch_hinge_loss(network_->forward(images), network_->forward(reconstructions));
  backward(loss);
  optimizer_.step(context);
  terms.push_back({"patch_gan_discriminator_loss", loss.detach()});
}

void PatchGan::visit_state(StateVisitor& visitor) {
  visit_module(visitor, "patch_gan", *network_);
  optimizer_.visit_state(visitor, "patch_gan_optimizer");
}

std::unique_ptr<PatchGan> make_patch_gan(const ModelArgs& args) {
  if (!is_on(args.definition, "objective.patch_gan_weight")) return nullptr;
  return std::make_unique<PatchGan>(args);
}

Schema patch_gan_keys() {
  Schema schema = {
      {.path = "objective.patch_gan_weight",
       .default_value = 0.0,
       .meaning = "first stage of latent diffusion: weight of the term by which a discriminator on "
                  "patches judges reconstructions; 0: none",
       .minimum = 0,
       .maximum = 1e6}};
  const Schema rest = {
      {.path = "objective.patch_gan_start",
       .default_value = std::int64_t{0},
       .meaning = "patch GAN: images before the term and its discriminator begin",
       .unit = "images",
       .minimum = 0,
       .maximum = 1e12},
      {.path = "objective.patch_gan_adaptive",
       .default_value = true,
       .meaning = "patch GAN: its weight is multiplied by that of the gradients of the "
                  "reconstruction error and of the term by the decoder's last layer"},
      {.path = "model.patch_gan_channels",
       .default_value = std::int64_t{64},
       .meaning = "patch GAN: channels of the discriminator's first convolution, doubled from "
                  "one to the next up to eight times as many",
       .minimum = 4,
       .maximum = 4096},
      {.path = "model.patch_gan_layers",
       .default_value = std::int64_t{3},
       .meaning = "patch GAN: convolutions of the discriminator that halve the side; its patches "
                  "have 16, 34, 70 pixels a side for 1, 2, 3",
       .minimum = 1,
       .maximum = 16}};
  schema.insert(schema.end(), rest.begin(), rest.end());
  const auto of_optimizer = network_optimizer_keys("patch_gan");
  schema.insert(schema.end(), of_optimizer.begin(), of_optimizer.end());
  for (std::size_t i = 1; i < schema.size(); ++i) {
    schema[i].needs = {{"objective.patch_gan_weight"}};
  }
  return schema;
}

void check_patch_gan(const Definition& definition) {
  if (!is_on(definition, "objective.patch_gan_weight")) return;
  const auto start = definition.integer("objective.patch_gan_start"),
             batch = definition.integer("train.batch_size");
  const auto steps = (definition.integer("train.images") + batch - 1) / batch;
  // A second stage trains no decoder.
  const bool two = definition.has("objective.second_stage_share");
  const double share = two ? 1.0 - definition.number("objective.second_stage_share") : 1.0;
  const auto of_decoder = std::llround(static_cast<double>(steps) * share);
  refuse_if(
      (start + batch - 1) / batch >= of_decoder, definition,
      fmt::format("objective.patch_gan_start = {} lies behind the {} images that train the "
                  "decoder (train.images); set it lower, or objective.patch_gan_weight = 0",
                  start,
                  std::llround(static_cast<double>(definition.integer("train.images")) * share)));
}

}  // namespace assay
