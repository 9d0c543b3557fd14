// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <functional>
#include <optional>

#include "config/choices.h"
#include "config/definition.h"
#include "config/schema.h"
#include "families/gan/layer_noise.h"
#include "families/trainable.h"
#include "nn/blocks/sequential.h"
#include "nn/optim/ema.h"

namespace assay {

/// What a value of sampler.noise makes of the layers' noise when examples are scored.
struct SampledNoise {
  /// Of samples, each with a generator of its own.
  LayerNoise (*of_samples)(std::vector<torch::Generator> generators);
  /// Of what is decoded from latents alone.
  LayerNoise (*of_latents)();
};

/// By the names that sampler.noise takes: "random", anew for each sample, though decode(), which is
/// a function of z, takes "constant": the layers' own images; "none".
const Choices<SampledNoise>& sampled_noises();

/// sampler.noise, sampler.truncation and sampler.truncation_cutoff.
Schema generator_pass_keys();

/// How a GAN's generator is run. One of two parts (style_generator.h): in training noise is drawn
/// for each layer and example, and with probability model.style_mixing the layers from a cut on,
/// uniform in 1 … L − 1 and the same for the batch, take the styles of a second z (Karras et al.
/// 2019, sec. 3.1); when examples are scored, the first sampler.truncation_cutoff styles (0: all)
/// are w̄ + ψ(w − w̄) (ibid., appendix B) and values are cut to [−1,1]. w̄ = E w follows the mapping
/// of each network, the live one and its average, with decay .995 from 0 at each update. Any other
/// network is run as it is.
class GeneratorPasses {
 public:
  using Draw = std::function<torch::Tensor()>;

  /// The generator must outlive this.
  GeneratorPasses(const Definition& definition, Averaged<Sequential>& generator,
                  torch::Device device);

  /// Examples of z [N, Z + K] for training; `second` gives the z of mixed styles.
  torch::Tensor train(const torch::Tensor& z, const Draw& second, const Noise& noise);
  /// w [N,L,W] as train() takes them, mixed; of a generator of two parts alone.
  torch::Tensor training_styles(const torch::Tensor& z, const Draw& second, const Noise& noise);
  /// Images [N,C,H,W] of such w, with noise drawn for each layer.
  torch::Tensor training_images(const torch::Tensor& w, const Noise& noise);
  /// Call once after each update of the generator and its average.
  void follow();

  /// The noise of a request's samples, where it is drawn: seeds from a stream beside that of the
  /// latents, which stays as it is, so that a sample is the same however many follow.
  NoiseSeeds noise_of(const SampleRequest& request) const;
  /// Examples of z as they are scored, by the network that scores: samples with their noise, or
  /// what latents decode to.
  torch::Tensor sampled(const torch::Tensor& z, std::vector<torch::Generator> generators);
  torch::Tensor decoded(const torch::Tensor& z);
  /// The two halves of decoded() of a generator of two parts: styles w [N,L,W], truncated; nothing
  /// of any other.
  std::optional<torch::Tensor> styles(const torch::Tensor& z);
  torch::Tensor decoded_styles(const torch::Tensor& w) { return images(w, noise_.of_latents()); }

  /// The two w̄, as "generator.mean_style" and "ema.mean_style".
  void visit_state(StateVisitor& visitor);

 private:
  torch::Tensor scored(const torch::Tensor& z, const LayerNoise& noise);
  torch::Tensor images(const torch::Tensor& w, const LayerNoise& noise);
  torch::Tensor truncated(const torch::Tensor& w, const torch::Tensor& mean) const;

  Averaged<Sequential>& generator_;
  const SampledNoise& noise_;
  double mixing_ = 0.0, truncation_;
  std::int64_t cutoff_;
  torch::Tensor last_z_;                  ///< of the latest training pass
  torch::Tensor mean_, mean_of_average_;  ///< [W]; undefined for networks of one part
};

}  // namespace assay
