// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "families/gan/architecture.h"
#include "families/gan/layer_noise.h"
#include "nn/blocks/equalised.h"

namespace assay {

/// z -> w (Karras et al. 2019, sec. 2; with classes as of Karras et al. 2020, "Training Generative
/// Adversarial Networks with Limited Data", code): z/√(E z² + 1e-8), beside a linear map of the
/// class, scaled likewise, then linear layers with an equalised rate of μ = .01 and leaky ReLU.
class StyleMappingImpl : public torch::nn::Module {
 public:
  StyleMappingImpl(std::int64_t latent_dim, std::int64_t classes, std::int64_t style_dim,
                   std::int64_t layers);
  /// [N, Z + K], one-hot classes behind z -> [N,W].
  torch::Tensor forward(const torch::Tensor& z);

 private:
  std::int64_t latent_dim_;
  EqualisedLinear embed_{nullptr};
  std::vector<EqualisedLinear> layers_;
};
TORCH_MODULE(StyleMapping);

/// Styles and noise -> images.
class StyleSynthesis : public torch::nn::Module {
 public:
  /// How many layers take a style.
  virtual std::int64_t styles() const = 0;
  /// w [N,L,W], L = styles() -> [N,C,H,W], whose values nothing bounds.
  virtual torch::Tensor forward(const torch::Tensor& w, const LayerNoise& noise) = 0;
};

/// A generator of two parts, G(z) = synthesise(map(z)).
class StyleGeneratorImpl : public torch::nn::Module {
 public:
  StyleGeneratorImpl(const GanShape& shape, std::shared_ptr<StyleSynthesis> synthesis);

  std::int64_t styles() const { return synthesis_->styles(); }
  /// [N, Z + K] -> w [N,L,W], the same w for all L layers (a view).
  torch::Tensor map(const torch::Tensor& z);
  /// w [N,L,W] -> images [N,C,H,W].
  torch::Tensor synthesise(const torch::Tensor& w, const LayerNoise& noise) {
    return synthesis_->forward(w, noise);
  }
  /// With constant noise, so that it is a function of z.
  torch::Tensor forward(const torch::Tensor& z) { return synthesise(map(z), constant_noise()); }

 private:
  StyleMapping mapping_;
  std::shared_ptr<StyleSynthesis> synthesis_;
};
TORCH_MODULE(StyleGenerator);

/// The architectures with one.
inline const std::vector<std::string> kStyleNetworks = {"stylegan", "stylegan2"};

/// The generator of two parts that a network is, or nullptr for any other network.
StyleGeneratorImpl* style_generator(Sequential& network);

/// The sides of a style generator's blocks, innermost first: 4 to 7, then doubled up to `side`, a
/// square's side that is such a number times a power of two; empty for any other.
std::vector<std::int64_t> style_sides(std::int64_t side);

/// Channels at a side: model.style_channel_base / side, at most model.style_channel_max.
std::int64_t style_channels(const Definition& definition, std::int64_t side);

/// The keys of both style architectures.
Schema style_keys();

/// What does not fit them both (GanArchitecture::misfit).
std::string style_misfit(const GanShape& shape);

/// An architecture whose generator maps to styles and makes images of them with a StyleSynthesis,
/// and whose discriminator is style_discriminator (style_discriminator.h).
GanArchitecture style_architecture(std::string_view paper, Schema (*keys)(),
                                   Sequential (*generator)(const GanShape& shape));

/// The generator with such a synthesis, built of a GanShape.
template <class Synthesis>
Sequential generator_of_styles(const GanShape& shape) {
  const auto problem = style_misfit(shape);
  TORCH_CHECK(problem.empty(), problem);
  return Sequential(StyleGenerator(shape, std::make_shared<Synthesis>(shape)));
}

/// N(0, 1) from the generator that construction draws from: how weights and noise images start.
torch::Tensor initial_normal(at::IntArrayRef sizes);

}  // namespace assay
