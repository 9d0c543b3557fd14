// SPDX-License-Identifier: Apache-2.0
#include "families/gan/style_generator.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "families/gan/adversarial_loss.h"
#include "families/gan/style_discriminator.h"
#include "families/refuse.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

using std::int64_t;

constexpr double kMappingRate = 0.01;
constexpr int64_t kSmallestSide = 4;

void check_style(const Definition& d) {
  const auto& network = d.text("model.network");
  refuse_if(d.boolean("model.spectral_norm"), d,
            fmt::format("model.spectral_norm divides weights by their size, and those of "
                        "model.network = \"{}\" have the scale of an equalised rate; drop it",
                        network));
  refuse_if(d.integer("model.minibatch_discrimination") > 0, d,
            fmt::format("model.minibatch_discrimination compares the examples of a batch, which "
                        "model.minibatch_stddev does in model.network = \"{}\"; drop it",
                        network));
  refuse_if(
      adversarial_losses().of(d, "objective.loss").autoencodes(), d,
      fmt::format("the discriminator of objective.loss = \"{}\" ends in a generator of codes, "
                  "and that of model.network = \"{}\" takes styles and noise; take another",
                  d.text("objective.loss"), network));
  refuse_if(d.integer("sampler.statistics_batches") > 0, d,
            fmt::format("sampler.statistics_batches moves running statistics, and model.network = "
                        "\"{}\" has none; set it to 0",
                        network));
  const int64_t judged = d.integer("train.batch_size") / d.integer("objective.packing");
  const int64_t group = std::min(d.integer("model.minibatch_stddev"), judged);
  refuse_if(group > 0 && judged % group != 0, d,
            fmt::format("model.minibatch_stddev = {} needs batches that it divides, and the "
                        "discriminator judges {} examples at a time; change one of them",
                        group, judged));
}

}  // namespace

StyleMappingImpl::StyleMappingImpl(int64_t latent_dim, int64_t classes, int64_t style_dim,
                                   int64_t layers)
    : latent_dim_(latent_dim) {
  int64_t in = latent_dim;
  if (classes > 0) {
    embed_ = register_module("embed", EqualisedLinear(EqualisedOptions{classes, style_dim}));
    in += style_dim;
  }
  for (int64_t i = 0; i < layers; ++i) {
    layers_.push_back(
        register_module(fmt::format("fc{}", i),
                        EqualisedLinear(EqualisedOptions{.in = in,
                                                         .out = style_dim,
                                                         .activation = Activation::kLeakyRelu,
                                                         .rate = kMappingRate})));
    in = style_dim;
  }
}

torch::Tensor StyleMappingImpl::forward(const torch::Tensor& z) {
  auto x = of_unit_power(z.narrow(1, 0, latent_dim_));
  if (!embed_.is_empty()) {
    const auto y = z.narrow(1, latent_dim_, z.size(1) - latent_dim_);
    x = at::cat({x, of_unit_power(embed_(y))}, 1);
  }
  for (auto& layer : layers_) x = layer(x);
  return x;
}

StyleGeneratorImpl::StyleGeneratorImpl(const GanShape& shape,
                                       std::shared_ptr<StyleSynthesis> synthesis)
    : mapping_(shape.latent_dim() - shape.classes, shape.classes,
               shape.definition.integer("model.style_dim"),
               shape.definition.integer("model.mapping_layers")),
      synthesis_(std::move(synthesis)) {
  register_module("mapping", mapping_);
  register_module("synthesis", synthesis_);
}

torch::Tensor StyleGeneratorImpl::map(const torch::Tensor& z) {
  return mapping_(z).unsqueeze(1).expand({-1, styles(), -1});
}

StyleGeneratorImpl* style_generator(Sequential& network) {
  return network->is_empty() ? nullptr : network->ptr(0)->as<StyleGeneratorImpl>();
}

std::vector<int64_t> style_sides(int64_t side) {
  std::vector<int64_t> sides{side};
  while (sides.back() % 2 == 0 && sides.back() >= 2 * kSmallestSide) {
    sides.push_back(sides.back() / 2);
  }
  if (sides.size() < 2 || sides.back() >= 2 * kSmallestSide) return {};
  std::reverse(sides.begin(), sides.end());
  return sides;
}

int64_t style_channels(const Definition& definition, int64_t side) {
  return std::clamp(definition.integer("model.style_channel_base") / side, int64_t{1},
                    definition.integer("model.style_channel_max"));
}

Schema style_keys() {
  const decltype(Key::needs) kOfStyle = {{"model.network", kStyleNetworks}};
  const auto count = [&](std::string path, int64_t value, std::string meaning, double minimum,
                         double maximum) {
    return Key{.path = std::move(path),
               .default_value = value,
               .meaning = "stylegan, stylegan2: " + std::move(meaning),
               .minimum = minimum,
               .maximum = maximum,
               .needs = kOfStyle};
  };
  return {count("model.style_dim", 64, "dimensions of w", 1, 65536),
          count("model.mapping_layers", 8, "layers from z to w", 1, 64),
          count("model.style_channel_base", 1024,
                "channels of both networks at a side are this divided by it", 1, 1 << 24),
          count("model.style_channel_max", 64, "and no more than this", 1, 65536),
          count("model.minibatch_stddev", 4,
                "the discriminator sees how much examples differ within groups of so many (Karras "
                "et al. 2018); 0: it does not",
                0, 65536),
          {.path = "model.noise_injection",
           .default_value = true,
           .meaning = "stylegan, stylegan2: each layer of the generator adds noise, times a "
                      "strength that it learns from 0",
           .needs = kOfStyle},
          {.path = "model.style_mixing",
           .default_value = 0.9,
           .meaning = "stylegan, stylegan2: probability of a training batch whose outer layers "
                      "take the styles of a second z",
           .minimum = 0,
           .maximum = 1,
           .needs = kOfStyle}};
}

std::string style_misfit(const GanShape& shape) {
  const auto& example = shape.example;
  const auto name = shape.definition.text("model.network");
  if (example.size() != 3) {
    return fmt::format("model.network = \"{}\" needs images; take \"mlp\" for points", name);
  }
  if (example[1] != example[2] || style_sides(example[1]).empty()) {
    return fmt::format(
        "model.network = \"{}\" needs square images whose side is 4, 5, 6 or 7 times a power of "
        "two, 8 or more, not {}x{}; set dataset.size, such as 32",
        name, example[1], example[2]);
  }
  return {};
}

GanArchitecture style_architecture(std::string_view paper, Schema (*keys)(),
                                   Sequential (*generator)(const GanShape& shape)) {
  return {.paper = paper,
          .keys = keys,
          .misfit = style_misfit,
          .normalises_single_values = [](const GanShape&) { return false; },
          .discriminator_norm = [](const Definition&) { return CriticNorm::kNothing; },
          .generator_normalises = [](const Definition&) { return false; },
          .equalised = true,
          .check = check_style,
          .generator = generator,
          .discriminator = style_discriminator};
}

torch::Tensor initial_normal(at::IntArrayRef sizes) {
  return at::randn(sizes, construction_generator(), at::kFloat);
}

}  // namespace assay
