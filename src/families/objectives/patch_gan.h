// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "config/schema.h"
#include "families/optimizer.h"
#include "families/trainable.h"
#include "nn/blocks/sequential.h"

namespace assay {

struct PatchDiscriminatorOptions {
  std::vector<std::int64_t> image_shape;  ///< {C,H,W}
  std::int64_t channels = 64;             ///< c, of the first convolution
  std::int64_t layers = 3;                ///< that halve the side
};

/// What does not fit, as the sentence of an error message; empty if all fits.
std::string patch_discriminator_misfit(const PatchDiscriminatorOptions& options);

/// The PatchGAN discriminator (Isola et al. 2017, appendix 6.1.2): Conv C→c 4/2/1, LReLU 0.2 ·
/// layers − 1 times Conv 4/2/1, GN8, LReLU · Conv 4/1/1, GN8, LReLU · Conv 4/1/1 to one channel,
/// channels doubling up to 8c; a logit for each of overlapping patches of 16, 34, 70 … pixels (1,
/// 2, 3 … layers). Group normalisation stands in place of batch normalisation, which would see real
/// images and reconstructions in batches of their own and tell them apart by these. Convolutions in
/// front of it have no bias. Weights start as PyTorch's do, not as N(0, 0.02²).
/// Throws c10::Error with patch_discriminator_misfit()'s sentence.
Sequential make_patch_discriminator(const PatchDiscriminatorOptions& options);

/// ½ E max(0, 1 − D(x)) + ½ E max(0, 1 + D(x̂)) over all logits (Lim & Ye 2017; the half as in Esser
/// et al. 2021, code): 1 where D is 0. 0-dim.
torch::Tensor patch_hinge_loss(const torch::Tensor& real_logits,
                               const torch::Tensor& generated_logits);

/// λ = ‖∇ L_rec‖ / (‖∇ L_GAN‖ + 1e-4) by the decoder's last weights, clamped to [0,1e4] (Esser et
/// al. 2021, eq. 7, with the δ and the clamp of their code). Both losses 0-dim, their graphs stay;
/// λ is 0-dim, without one.
torch::Tensor adaptive_weight(const torch::Tensor& reconstruction_loss,
                              const torch::Tensor& adversarial_loss,
                              const torch::Tensor& last_weight);

/// The weights of the last layer of a network that has more than one dimension: what λ is taken by.
torch::Tensor last_weight_of(torch::nn::Module& network);

/// What the term sees of a step's reconstructions.
struct PatchGanView {
  torch::Tensor reconstructions;  ///< [N,C,H,W] in [−1,1], with a graph to the decoder
  torch::Tensor loss;             ///< L_rec, 0-dim
  torch::nn::Module& decoder;
  const StepContext& context;
};

/// The adversarial term of a first stage of latent diffusion (Esser et al. 2021, eq. 5-7; Rombach
/// et al. 2022, appendix G): the decoder minimises weight · λ · −E D(x̂) beside its reconstruction
/// error, a discriminator on patches minimises the hinge loss. It begins after
/// objective.patch_gan_start images; before, nothing is computed and nothing moves. The
/// discriminator has an optimizer of its own and learns after each step, of the reconstructions of
/// that step. Logs patch_gan_generator_loss, patch_gan_adaptive_weight (where it is on),
/// patch_gan_discriminator_loss; its state is "patch_gan.…".
class PatchGan {
 public:
  /// Throws Error if the discriminator does not fit the images.
  explicit PatchGan(const ModelArgs& args);

  /// Weighted, 0-dim, with a graph to the decoder; undefined before it begins. Appends what it
  /// logs, without weights.
  torch::Tensor value(const PatchGanView& view, std::vector<LossTerm>& terms);
  /// The discriminator's step, after the decoder's. Both [N,C,H,W]; reconstructions without graph.
  void learn(const torch::Tensor& images, const torch::Tensor& reconstructions,
             const StepContext& context, std::vector<LossTerm>& terms);
  void visit_state(StateVisitor& visitor);
  /// The first step that it takes part in.
  std::int64_t first_step() const { return (start_ + batch_size_ - 1) / batch_size_; }

 private:
  double weight_;
  std::int64_t start_, batch_size_;
  bool adaptive_;
  Sequential network_;
  Optimizer optimizer_;
};

/// That of a definition, or none where objective.patch_gan_weight is 0.
std::unique_ptr<PatchGan> make_patch_gan(const ModelArgs& args);

/// objective.patch_gan_weight and what goes with it.
Schema patch_gan_keys();
/// Throws Error for a term that never begins.
void check_patch_gan(const Definition& definition);

}  // namespace assay
