// SPDX-License-Identifier: Apache-2.0
#include "families/gan/architecture.h"

#include <utility>

#include "families/gan/critic.h"
#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/minibatch_discrimination.h"
#include "nn/blocks/spectral_norm.h"

namespace assay {

// Each is described where it is defined.
GanArchitecture mlp_gan(), dcgan();

const Choices<GanArchitecture>& gan_architectures() {
  static const Choices<GanArchitecture> all = {{"mlp", mlp_gan()}, {"dcgan", dcgan()}};
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

void add_critic_linear(Sequential& layers, const GanShape& shape, std::int64_t in,
                       std::int64_t out) {
  if (shape.definition.boolean("model.spectral_norm")) {
    layers->push_back(SpectralLinear(in, out));
  } else {
    layers->push_back(Linear(in, out));
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
  add_critic_linear(layers, shape, features + kernels, 1);
}

}  // namespace assay
