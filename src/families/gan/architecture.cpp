// SPDX-License-Identifier: Apache-2.0
#include "families/gan/architecture.h"

#include <torch/nn/modules/normalization.h>

#include <utility>

#include "families/gan/critic.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/equalised.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/minibatch_discrimination.h"
#include "nn/blocks/spectral_norm.h"

namespace assay {
namespace {

struct NormSettings {
  double epsilon, momentum;
};
constexpr NormSettings kDefaultNorm{1e-5, 0.1};

NormSettings norm_settings(const GanShape& shape) {
  return {shape.definition.number("model.norm_epsilon"),
          shape.definition.number("model.norm_momentum")};
}

template <class Norm>
void add_variance_norm(Sequential& layers, std::int64_t channels, const NormSettings& settings) {
  layers->push_back(Norm(
      torch::nn::BatchNormOptions(channels).eps(settings.epsilon).momentum(settings.momentum)));
}

void add_deviation_norm(Sequential& layers, std::int64_t channels, const NormSettings& settings) {
  layers->push_back(DeviationBatchNorm(channels, settings.epsilon, settings.momentum));
}

struct NormAverage {
  void (*of_vectors)(Sequential& layers, std::int64_t channels, const NormSettings& settings);
  void (*of_images)(Sequential& layers, std::int64_t channels, const NormSettings& settings);
};
const Choices<NormAverage> kNormAverages = {
    {"variance", {add_variance_norm<BatchNorm1d>, add_variance_norm<BatchNorm2d>}},
    {"deviation", {add_deviation_norm, add_deviation_norm}}};

void add_layer_norm(Sequential& layers, const GanShape&, std::int64_t channels) {
  layers->push_back(torch::nn::GroupNorm(1, channels));
}
void add_nothing(Sequential&, const GanShape&, std::int64_t) {}

}  // namespace

// Each is described where it is defined.
GanArchitecture mlp_gan(), dcgan(), infogan(), sngan(), stylegan(), stylegan2();

const Choices<GanArchitecture>& gan_architectures() {
  static const Choices<GanArchitecture> all = {
      {"mlp", mlp_gan()}, {"dcgan", dcgan()},       {"infogan", infogan()},
      {"sngan", sngan()}, {"stylegan", stylegan()}, {"stylegan2", stylegan2()}};
  return all;
}

Key gan_widths(std::string path, std::vector<std::int64_t> value, std::string meaning,
               const std::string& network) {
  return {.path = std::move(path),
          .default_value = std::move(value),
          .meaning = std::move(meaning),
          .minimum = 1,
          .maximum = 65536,
          .needs = {{"model.network", {network}}}};
}

GanShape GanShape::packed() const {
  return {definition, packed_shape(example, definition.integer("objective.packing"))};
}

Schema critic_layer_keys() {
  return {{.path = "model.spectral_norm",
           .default_value = false,
           .meaning = "each layer of the discriminator is divided by its largest singular value "
                      "(Miyato et al. 2018)"},
          {.path = "model.minibatch_discrimination",
           .default_value = std::int64_t{0},
           .meaning = "features that compare an example with the others of its batch, before the "
                      "discriminator's last layer (Salimans et al. 2016); 0: none",
           .minimum = 0,
           .maximum = 4096},
          {.path = "model.minibatch_dimensions",
           .default_value = std::int64_t{5},
           .meaning = "dimensions in which each of them compares",
           .minimum = 1,
           .maximum = 4096,
           .needs = {{"model.minibatch_discrimination"}}}};
}

Schema batch_norm_keys() {
  // The others have settings of their own papers.
  const decltype(Key::needs) kOfBatchNorm = {{"model.network", {"mlp", "dcgan"}}};
  return {{.path = "model.norm_epsilon",
           .default_value = kDefaultNorm.epsilon,
           .meaning = "added to the variance in batch normalisation",
           .minimum = 0,
           .maximum = 1,
           .needs = kOfBatchNorm},
          {.path = "model.norm_momentum",
           .default_value = kDefaultNorm.momentum,
           .meaning = "weight of a new batch in its running averages",
           .minimum = 0,
           .maximum = 1,
           .needs = kOfBatchNorm},
          {.path = "model.norm_average",
           .default_value = std::string("variance"),
           .meaning = "what is averaged beside the mean: the variance, or the standard deviation "
                      "(Lin et al. 2018, code)",
           .choices = kNormAverages.names(),
           .needs = kOfBatchNorm}};
}

void add_batch_norm(Sequential& layers, const GanShape& shape, std::int64_t channels) {
  kNormAverages.of(shape.definition, "model.norm_average")
      .of_vectors(layers, channels, norm_settings(shape));
}

void add_image_batch_norm(Sequential& layers, const GanShape& shape, std::int64_t channels) {
  kNormAverages.of(shape.definition, "model.norm_average")
      .of_images(layers, channels, norm_settings(shape));
}

Choices<DiscriminatorNorm> discriminator_norms(DiscriminatorNorm::Add batch_of_images,
                                               DiscriminatorNorm::Add batch_of_vectors) {
  return {{"batch", {batch_of_images, batch_of_vectors, CriticNorm::kBatch}},
          {"layer", {add_layer_norm, add_layer_norm, CriticNorm::kExample}},
          {"none", {add_nothing, add_nothing, CriticNorm::kNothing}}};
}

void add_critic_linear(Sequential& layers, const GanShape& shape, std::int64_t in, std::int64_t out,
                       bool bias) {
  const auto options = torch::nn::LinearOptions(in, out).bias(bias);
  if (gan_architectures().of(shape.definition, "model.network").equalised) {
    layers->push_back(EqualisedLinear(EqualisedOptions{.in = in, .out = out, .bias = bias}));
  } else if (shape.definition.boolean("model.spectral_norm")) {
    layers->push_back(SpectralLinear(options));
  } else {
    layers->push_back(Linear(options));
  }
}

void add_critic_convolution(Sequential& layers, const GanShape& shape,
                            const torch::nn::Conv2dOptions& options) {
  if (shape.definition.boolean("model.spectral_norm")) {
    layers->push_back(SpectralConvolution(options));
  } else {
    layers->push_back(Convolution(options));
  }
}

void add_critic_head(Sequential& layers, const GanShape& shape, std::int64_t features) {
  const std::int64_t kernels = shape.definition.integer("model.minibatch_discrimination");
  if (kernels > 0) {
    layers->push_back(MinibatchDiscrimination(
        features, kernels, shape.definition.integer("model.minibatch_dimensions")));
  }
  add_critic_linear(layers, shape, features + kernels, shape.critic_outputs);
}

}  // namespace assay
