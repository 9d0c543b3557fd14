// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "families/diffusion/diffusion_model.h"
#include "families/first_stage.h"
#include "families/latent_maps.h"
#include "families/told_samples.h"

namespace assay {

/// Latent diffusion (Rombach et al. 2022): the model of this family on the latents of a first stage
/// that stays as it is, instead of on images,
///   z = s · E(x),  x̂ = D(z/s),  s = 1/sd of E(x) over the training images (ibid., appendix G),
/// so that latents have unit variance where the process begins. Latents are never clamped.
class LatentDiffusion : public GenerativeModel,
                        public NoisingModel,
                        public TokenModel,
                        public OnFirstStage {
 public:
  explicit LatentDiffusion(const ModelArgs& args);

  std::vector<LossTerm> training_step(const Batch& batch, const StepContext& context) override;
  void visit_state(StateVisitor& visitor) override;
  void sample(const SampleRequest& request) override;
  std::optional<torch::Tensor> sample_labels(std::int64_t count) override;
  /// Of the latents.
  std::optional<torch::Tensor> denoising_losses(const Batch& batch,
                                                torch::Generator generator) override;

  torch::Tensor snr_curve(std::int64_t count) const override;
  /// Each latent on the way as its decoder sees it.
  torch::Tensor noised_strips(const torch::Tensor& examples, std::int64_t columns,
                              torch::Generator generator) const override;
  std::optional<torch::Tensor> denoised_strips(std::int64_t count, std::int64_t columns,
                                               torch::Generator generator) override;
  /// Nothing: a bound of latents is none of images.
  std::optional<torch::Tensor> bound_terms(const Batch& examples, std::int64_t count,
                                           torch::Generator generator) override;

  std::vector<std::int64_t> token_sizes() const override;
  torch::Tensor sample_tokens(std::int64_t count) const override;
  torch::Tensor sample_of_tokens(const torch::Tensor& values, torch::Generator generator) override;

  Trainable& first_stage() override { return *first_stage_; }
  /// Encodes the training images and measures s on at most 10,000 of them, evenly among all.
  void first_stage_restored() override;

 private:
  struct Stage {
    std::unique_ptr<Trainable> model;
    LatentMaps* maps;
  };
  LatentDiffusion(const ModelArgs& args, Stage stage);
  static Stage make_stage(const ModelArgs& args);

  torch::Tensor encoded(const torch::Tensor& images) const;
  torch::Tensor decoded(const torch::Tensor& latents) const;
  /// [N,columns,c,h,w] -> [N,columns,C,H,W].
  torch::Tensor decoded_strips(const torch::Tensor& strips) const;
  /// E of images [M,C,H,W] u8, unscaled, on the CPU.
  torch::Tensor latents_of_images(const torch::Tensor& images) const;
  /// Whether training images are encoded once: they do not change, nor does E, and they fit.
  bool keeps_latents() const;
  torch::Tensor latents_of(const Batch& batch);

  torch::Tensor training_images_;
  bool encodes_batches_;  ///< training images are flipped or binarised, each time anew
  torch::Device device_;
  std::unique_ptr<Trainable> first_stage_;
  LatentMaps& maps_;
  torch::Tensor scale_;
  torch::Tensor training_latents_;  ///< unscaled, on the CPU; no state, made when first needed
  Diffusion diffusion_;
};

/// Throws Error for a first stage that makes no latent maps, and for what only pixels have.
void check_first_stage(const Definition& definition);

}  // namespace assay
