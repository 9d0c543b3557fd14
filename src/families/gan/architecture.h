// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/options/conv.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/choices.h"
#include "config/definition.h"
#include "config/schema.h"
#include "nn/blocks/sequential.h"

namespace assay {

/// What a GAN's networks are built for: their definition, and one example's shape, {C,H,W} or {2}.
struct GanShape {
  const Definition& definition;
  std::vector<std::int64_t> example;
  std::int64_t classes = 0;                 ///< that the generator sees as one-hot behind z
  std::optional<std::int64_t> inputs = {};  ///< of the generator, in place of model.latent_dim
  std::int64_t critic_outputs = 1;          ///< of the discriminator's last layer

  /// How many numbers the generator makes an example of.
  std::int64_t latent_dim() const {
    return inputs.value_or(definition.integer("model.latent_dim")) + classes;
  }
  /// What its discriminator sees: objective.packing examples as one.
  GanShape packed() const;
};

/// Over what a discriminator normalises between its layers.
enum class CriticNorm {
  kNothing,
  kExample,  ///< over values of each example
  kBatch     ///< over the batch, so that an example's logit depends on the others
};

/// A generator and a discriminator that belong together.
struct GanArchitecture {
  std::string_view paper;
  /// Its keys of [model], each of which needs model.network to name it.
  Schema (*keys)();
  /// What does not fit, as the sentence of an error message; empty if all fits.
  std::string (*misfit)(const GanShape& shape);
  /// Whether a batch of one leaves a batch normalisation of either network a single value, which
  /// has no variance.
  bool (*normalises_single_values)(const GanShape& shape);
  CriticNorm (*discriminator_norm)(const Definition& definition);
  /// Whether the generator normalises over the batch.
  bool (*generator_normalises)(const Definition& definition) = [](const Definition&) {
    return true;
  };
  /// Its layers have an equalised rate (nn/blocks/equalised.h), those that the family adds too, and
  /// start as that asks: model.initial_weights does not count.
  bool equalised = false;
  /// Throws Error for settings that do not go together with it.
  void (*check)(const Definition& definition) = [](const Definition&) {};
  /// z [N, latent_dim()] -> examples [N, example…], images in [−1,1] through tanh, 2 sigmoid − 1
  /// (infogan) or nothing that bounds them (style_generator.h). Throws c10::Error for a misfit.
  Sequential (*generator)(const GanShape& shape);
  /// Examples -> logits [N, critic_outputs], its last layer a linear one (add_critic_head). Throws
  /// c10::Error for a misfit.
  Sequential (*discriminator)(const GanShape& shape);
  /// The halves of an autoencoding discriminator (began.h), examples -> codes [N, critic_outputs]
  /// and codes -> examples, if it has its own, which normalise nothing; else these are its
  /// discriminator and its generator.
  Sequential (*encoder)(const GanShape& shape) = nullptr;
  Sequential (*decoder)(const GanShape& shape) = nullptr;
};

/// All of them, by the names that model.network takes. A further one is a page beside this one and
/// a line in architecture.cpp.
const Choices<GanArchitecture>& gan_architectures();

/// Keys of what any discriminator may be made of: model.spectral_norm and
/// model.minibatch_discrimination.
Schema critic_layer_keys();

/// Layers of a discriminator, spectrally normalised (nn/blocks/spectral_norm.h) if the definition
/// says so.
void add_critic_linear(Sequential& layers, const GanShape& shape, std::int64_t in, std::int64_t out,
                       bool bias = true);
void add_critic_convolution(Sequential& layers, const GanShape& shape,
                            const torch::nn::Conv2dOptions& options);

/// The end of a discriminator: minibatch discrimination if the definition says so, and the linear
/// layer from features [N,F] to logits [N, critic_outputs].
void add_critic_head(Sequential& layers, const GanShape& shape, std::int64_t features);

/// Keys of batch normalisation in either network: model.norm_epsilon, model.norm_momentum and
/// model.norm_average.
Schema batch_norm_keys();

/// Batch normalisation as they say, of vectors [N,C] or of images [N,C,H,W].
void add_batch_norm(Sequential& layers, const GanShape& shape, std::int64_t channels);
void add_image_batch_norm(Sequential& layers, const GanShape& shape, std::int64_t channels);

/// A normalisation that model.discriminator_norm names.
struct DiscriminatorNorm {
  using Add = void (*)(Sequential& layers, const GanShape& shape, std::int64_t channels);
  Add of_images, of_vectors;
  CriticNorm over;
};

/// All of them, by these names: batch normalisation is the architecture's own, of images and of
/// vectors; "layer" that of Ba et al. 2016 as in Gulrajani et al. 2017, over all channels, with a
/// scale and a shift for each.
Choices<DiscriminatorNorm> discriminator_norms(DiscriminatorNorm::Add batch_of_images,
                                               DiscriminatorNorm::Add batch_of_vectors);

/// A key of widths or channels of one architecture.
Key gan_widths(std::string path, std::vector<std::int64_t> value, std::string meaning,
               const std::string& network);

}  // namespace assay
