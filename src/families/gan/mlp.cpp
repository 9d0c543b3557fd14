// SPDX-License-Identifier: Apache-2.0
// Multilayer perceptrons for points, or small images, as of PacGAN's 2-D experiments (Lin et al.
// 2018): generator of Linear without bias, BN, ReLU per width, then Linear; discriminator of Linear
// and leaky ReLU, or a maxout layer, per width, then Linear. Without the batch normalisation, and
// with ReLU in the discriminator, those of WGAN-GP's (Gulrajani et al. 2017, gan_toy.py).
#include <torch/nn/modules/activation.h>

#include <functional>
#include <numeric>

#include "families/gan/architecture.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/maxout.h"

namespace assay {
namespace {

std::int64_t example_size(const GanShape& shape) {
  return std::accumulate(shape.example.begin(), shape.example.end(), std::int64_t{1},
                         std::multiplies<>());
}

Schema keys() {
  return {
      gan_widths("model.generator_widths", {128, 128},
                 "mlp: widths of the generator's hidden layers", "mlp"),
      gan_widths("model.discriminator_widths", {128, 128},
                 "mlp: widths of the discriminator's hidden layers", "mlp"),
      {.path = "model.maxout_pieces",
       .default_value = std::int64_t{0},
       .meaning = "mlp: affine pieces of the discriminator's maxout units; 0: leaky ReLU",
       .minimum = 0,
       .maximum = 64,
       .needs = {{"model.network", {"mlp"}}}},
      {.path = "model.generator_batch_norm",
       .default_value = true,
       .meaning = "mlp: batch normalisation in the generator's hidden layers",
       .needs = {{"model.network", {"mlp"}}}},
      {.path = "model.discriminator_slope",
       .default_value = 0.2,
       .meaning = "mlp: slope below 0 of the discriminator's leaky ReLU; 0: ReLU",
       .minimum = 0,
       .maximum = 1,
       .needs = {{"model.network", {"mlp"}}, {"model.maxout_pieces", {"0"}}}},
  };
}

std::string misfit(const GanShape&) { return {}; }

bool generator_normalises(const Definition& definition) {
  return definition.boolean("model.generator_batch_norm") &&
         !definition.integers("model.generator_widths").empty();
}

bool normalises_single_values(const GanShape& shape) {
  return generator_normalises(shape.definition);
}

Sequential generator(const GanShape& shape) {
  const bool normalised = shape.definition.boolean("model.generator_batch_norm");
  Sequential layers;
  std::int64_t width = shape.latent_dim();
  for (const auto next : shape.definition.integers("model.generator_widths")) {
    layers->push_back(Linear(torch::nn::LinearOptions(width, next).bias(!normalised)));
    if (normalised) add_batch_norm(layers, shape, next);
    layers->push_back(torch::nn::ReLU(torch::nn::ReLUOptions().inplace(true)));
    width = next;
  }
  layers->push_back(Linear(width, example_size(shape)));
  if (shape.example.size() > 1) {
    layers->push_back(torch::nn::Tanh());
    layers->push_back(torch::nn::Unflatten(torch::nn::UnflattenOptions(1, shape.example)));
  }
  return layers;
}

Sequential discriminator(const GanShape& shape) {
  const std::int64_t pieces = shape.definition.integer("model.maxout_pieces");
  const double slope = shape.definition.number("model.discriminator_slope");
  Sequential layers;
  layers->push_back(torch::nn::Flatten());
  std::int64_t width = example_size(shape);
  for (const auto next : shape.definition.integers("model.discriminator_widths")) {
    if (pieces > 0) {
      layers->push_back(Maxout(width, next, pieces));
    } else {
      add_critic_linear(layers, shape, width, next);
      layers->push_back(
          torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(slope).inplace(true)));
    }
    width = next;
  }
  add_critic_head(layers, shape, width);
  return layers;
}

}  // namespace

GanArchitecture mlp_gan() {
  return {.paper = "Lin et al. 2018, appendix C",
          .keys = keys,
          .misfit = misfit,
          .normalises_single_values = normalises_single_values,
          .discriminator_norm = [](const Definition&) { return CriticNorm::kNothing; },
          .generator_normalises = generator_normalises,
          .generator = generator,
          .discriminator = discriminator};
}

}  // namespace assay
