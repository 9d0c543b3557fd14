// SPDX-License-Identifier: Apache-2.0
// The networks on which Lucic et al. 2018 ("Are GANs Created Equal?") compare GANs, after InfoGAN
// (Chen et al. 2016); as in their compare_gan, branch v1, with c = model.infogan_width = 64 and
// ℓ = leaky ReLU 0.2. Generator: Linear Z→16c, BN, ℓ · Linear →2c·s/4·s/4, BN, ℓ · ConvT 4/2/1 →c,
// BN, ℓ · ConvT 4/2/1 to the image, sigmoid. Discriminator: Conv 4/2/1 →c, ℓ · Conv 4/2/1 →2c,
// norm, ℓ · Linear →16c, norm, ℓ · Linear. BEGAN's discriminator there: Conv →c, ℓ · Conv →2c ·
// Linear →codes, ℓ; Linear →2c·s/4·s/4, ℓ · ConvT →c, ℓ · ConvT to the image, sigmoid. All layers
// have biases. All see images in [0,1], which are 0 where a convolution pads.
#include <fmt/format.h>
#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/container/functional.h>

#include "families/gan/architecture.h"
#include "families/network.h"
#include "families/unit_range.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"

namespace assay {
namespace {

using std::int64_t;

constexpr double kLeak = 0.2, kEpsilon = 1e-3;

Schema keys() {
  return {{.path = "model.infogan_width",
           .default_value = int64_t{64},
           .meaning = "infogan: channels of the layer next to the image; twice as many inside, "
                      "sixteen times as many units in the linear layers",
           .minimum = 1,
           .maximum = 4096,
           .needs = {{"model.network", {"infogan"}}}},
          {.path = "model.infogan_norm_decay",
           .default_value = 0.999,
           .meaning = "infogan: share that batch normalisation's running statistics keep at each "
                      "batch",
           .minimum = 0,
           .maximum = 1,
           .needs = {{"model.network", {"infogan"}}}}};
}

std::string misfit(const GanShape& shape) {
  const auto& example = shape.example;
  if (example.size() != 3)
    return "model.network = \"infogan\" needs images; take \"mlp\" for points";
  if (example[1] % 4 != 0 || example[2] % 4 != 0) {
    return fmt::format("model.network = \"infogan\" needs images whose sides 4 divides, not {}x{}",
                       example[1], example[2]);
  }
  return {};
}

struct Sizes {
  explicit Sizes(const GanShape& shape)
      : outer(shape.definition.integer("model.infogan_width")),
        inner(2 * outer),
        units(16 * outer),
        rows(shape.example[1] / 4),
        columns(shape.example[2] / 4) {}
  int64_t outer, inner, units, rows, columns;
  int64_t values() const { return inner * rows * columns; }  ///< of the innermost map
};

template <class Norm>
Norm batch_norm(const GanShape& shape, int64_t channels) {
  const double decay = shape.definition.number("model.infogan_norm_decay");
  return Norm(torch::nn::BatchNormOptions(channels).eps(kEpsilon).momentum(1.0 - decay));
}

template <class BatchNorm>
void add_own_batch_norm(Sequential& layers, const GanShape& shape, int64_t channels) {
  layers->push_back(batch_norm<BatchNorm>(shape, channels));
}
const Choices<DiscriminatorNorm> kNorms =
    discriminator_norms(add_own_batch_norm<BatchNorm2d>, add_own_batch_norm<BatchNorm1d>);

const DiscriminatorNorm& norm_of(const Definition& definition) {
  return kNorms.of(definition, "model.discriminator_norm");
}

void add_leaky_relu(Sequential& layers) {
  layers->push_back(
      torch::nn::LeakyReLU(torch::nn::LeakyReLUOptions().negative_slope(kLeak).inplace(true)));
}

torch::nn::Conv2dOptions halved(int64_t in, int64_t out) {
  return torch::nn::Conv2dOptions(in, out, 4).stride(2).padding(1);
}

torch::nn::ConvTranspose2dOptions doubled(int64_t in, int64_t out) {
  return torch::nn::ConvTranspose2dOptions(in, out, 4).stride(2).padding(1);
}

Sequential generator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const Sizes sizes(shape);
  Sequential layers;
  layers->push_back(Linear(shape.latent_dim(), sizes.units));
  layers->push_back(batch_norm<BatchNorm1d>(shape, sizes.units));
  add_leaky_relu(layers);
  layers->push_back(Linear(sizes.units, sizes.values()));
  layers->push_back(batch_norm<BatchNorm1d>(shape, sizes.values()));
  add_leaky_relu(layers);
  layers->push_back(torch::nn::Unflatten(
      torch::nn::UnflattenOptions(1, {sizes.inner, sizes.rows, sizes.columns})));
  layers->push_back(TransposedConvolution(doubled(sizes.inner, sizes.outer)));
  layers->push_back(batch_norm<BatchNorm2d>(shape, sizes.outer));
  add_leaky_relu(layers);
  layers->push_back(TransposedConvolution(doubled(sizes.outer, shape.example[0])));
  layers->push_back(torch::nn::Functional(mean_image));
  return layers;
}

Sequential discriminator(const GanShape& shape) {
  const auto problem = misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  const Sizes sizes(shape);
  const DiscriminatorNorm& norm = norm_of(shape.definition);
  Sequential layers;
  layers->push_back(torch::nn::Functional(to_unit_range));
  add_critic_convolution(layers, shape, halved(shape.example[0], sizes.outer));
  add_leaky_relu(layers);
  add_critic_convolution(layers, shape, halved(sizes.outer, sizes.inner));
  norm.of_images(layers, shape, sizes.inner);
  add_leaky_relu(layers);
  layers->push_back(torch::nn::Flatten());
  add_critic_linear(layers, shape, sizes.values(), sizes.units);
  norm.of_vectors(layers, shape, sizes.units);
  add_leaky_relu(layers);
  add_critic_head(layers, shape, sizes.units);
  return layers;
}

Sequential encoder(const GanShape& shape) {
  const Sizes sizes(shape);
  Sequential layers;
  layers->push_back(torch::nn::Functional(to_unit_range));
  layers->push_back(Convolution(halved(shape.example[0], sizes.outer)));
  add_leaky_relu(layers);
  layers->push_back(Convolution(halved(sizes.outer, sizes.inner)));
  layers->push_back(torch::nn::Flatten());
  layers->push_back(Linear(sizes.values(), shape.critic_outputs));
  add_leaky_relu(layers);
  return layers;
}

Sequential decoder(const GanShape& shape) {
  const Sizes sizes(shape);
  Sequential layers;
  layers->push_back(Linear(shape.latent_dim(), sizes.values()));
  add_leaky_relu(layers);
  layers->push_back(torch::nn::Unflatten(
      torch::nn::UnflattenOptions(1, {sizes.inner, sizes.rows, sizes.columns})));
  layers->push_back(TransposedConvolution(doubled(sizes.inner, sizes.outer)));
  add_leaky_relu(layers);
  layers->push_back(TransposedConvolution(doubled(sizes.outer, shape.example[0])));
  layers->push_back(torch::nn::Functional(mean_image));
  return layers;
}

}  // namespace

GanArchitecture infogan() {
  return {
      .paper = "Lucic et al. 2018, appendix D",
      .keys = keys,
      .misfit = misfit,
      .normalises_single_values = [](const GanShape&) { return true; },
      .discriminator_norm = [](const Definition& definition) { return norm_of(definition).over; },
      .generator = generator,
      .discriminator = discriminator,
      .encoder = encoder,
      .decoder = decoder};
}

}  // namespace assay
