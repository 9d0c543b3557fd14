// SPDX-License-Identifier: Apache-2.0
// DCGAN (Radford et al. 2016) with a linear first layer. Generator: Linear Z→c₁·s·s without bias,
// BN, ReLU · ConvT 4/2/1, BN, ReLU per further channel count · ConvT 4/2/1 to the image.
// Discriminator: Conv 4/2/1 and leaky ReLU 0.2 per channel count, BN (or what
// model.discriminator_norm says) between them on all but the first, then Linear.
#include <fmt/format.h>
#include <torch/nn/modules/activation.h>

#include "families/gan/architecture.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/halving.h"
#include "nn/blocks/linear.h"

namespace assay {
namespace {

using std::int64_t;

constexpr double kLeak = 0.2;

const Choices<DiscriminatorNorm> kNorms = discriminator_norms(add_image_batch_norm, add_batch_norm);

CriticNorm discriminator_norm(const Definition& definition) {
  // The outermost layer has none.
  if (definition.integers("model.discriminator_channels").size() <= 1) return CriticNorm::kNothing;
  return kNorms.of(definition, "model.discriminator_norm").over;
}

const std::vector<int64_t>& generator_channels(const GanShape& shape) {
  return shape.definition.integers("model.generator_channels");
}
const std::vector<int64_t>& discriminator_channels(const GanShape& shape) {
  return shape.definition.integers("model.discriminator_channels");
}

Schema keys() {
  return {
      gan_widths("model.generator_channels", {128, 64},
                 "dcgan: channels of the generator, innermost first; each doubles the side",
                 "dcgan"),
      gan_widths("model.discriminator_channels", {32, 64, 128},
                 "dcgan: channels of the discriminator, outermost first; each halves the side",
                 "dcgan"),
      {.path = "model.discriminator_norm",
       .default_value = std::string("batch"),
       .meaning = "dcgan, infogan: what normalises the discriminator's channels: the batch's "
                  "statistics, each example's over all channels, or nothing",
       .choices = kNorms.names(),
       .needs = {{"model.network", {"dcgan", "infogan"}}}},
  };
}

std::string misfit(const GanShape& shape) {
  const auto& example = shape.example;
  if (example.size() != 3) return "model.network = \"dcgan\" needs images; take \"mlp\" for points";
  const auto doublings = generator_channels(shape).size();
  const auto halvings = discriminator_channels(shape).size();
  if (doublings == 0 || halvings == 0) {
    return "model.generator_channels and model.discriminator_channels need an entry each";
  }
  if (example[1] != example[2] || !halves_evenly(example[1], doublings)) {
    return fmt::format(
        "{} entries of model.generator_channels need square images with a side that {} divides, "
        "not {}x{}",
        doublings, power_of_two_text(doublings), example[1], example[2]);
  }
  if (side_after(example[1], halvings) < 1) {
    return fmt::format("{} entries of model.discriminator_channels halve a side of {} to nothing",
                       halvings, example[1]);
  }
  return {};
}

bool normalises_single_values(const GanShape& shape) {
  const auto side = shape.example[1];
  const auto halvings = discriminator_channels(shape).size();
  return side_after(side, generator_channels(shape).size()) == 1 ||
         (discriminator_norm(shape.definition) == CriticNorm::kBatch &&
          side_after(side, halvings) == 1);
}

Sequential generator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const auto& channels = generator_channels(shape);
  const int64_t side = shape.example[1] >> channels.size();
  Sequential layers;
  layers->push_back(
      Linear(torch::nn::LinearOptions(shape.latent_dim(), channels[0] * side * side).bias(false)));
  layers->push_back(
      torch::nn::Unflatten(torch::nn::UnflattenOptions(1, {channels[0], side, side})));
  for (std::size_t i = 0; i < channels.size(); ++i) {
    add_image_batch_norm(layers, shape, channels[i]);
    layers->push_back(torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)));
    const bool last = i + 1 == channels.size();
    const int64_t next = last ? shape.example[0] : channels[i + 1];
    layers->push_back(TransposedConvolution(
        torch::nn::ConvTranspose2dOptions(channels[i], next, 4).stride(2).padding(1).bias(last)));
  }
  layers->push_back(torch::nn::Tanh());
  return layers;
}

Sequential discriminator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const DiscriminatorNorm& norm = kNorms.of(shape.definition, "model.discriminator_norm");
  Sequential layers;
  int64_t channels = shape.example[0], side = shape.example[1];
  bool first = true;
  for (const int64_t next : discriminator_channels(shape)) {
    add_critic_convolution(layers, shape,
                           torch::nn::Conv2dOptions(channels, next, 4)
                               .stride(2)
                               .padding(1)
                               .bias(first || norm.over == CriticNorm::kNothing));
    if (!first) norm.of_images(layers, shape, next);
    layers->push_back(
        torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kLeak).inplace(true)));
    channels = next;
    side /= 2;  // kernel 4, stride 2, padding 1
    first = false;
  }
  layers->push_back(torch::nn::Flatten());
  add_critic_head(layers, shape, channels * side * side);
  return layers;
}

}  // namespace

GanArchitecture dcgan() {
  return {.paper = "Radford et al. 2016",
          .keys = keys,
          .misfit = misfit,
          .normalises_single_values = normalises_single_values,
          .discriminator_norm = discriminator_norm,
          .generator = generator,
          .discriminator = discriminator};
}

}  // namespace assay
