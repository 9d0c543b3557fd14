// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <string>
#include <vector>

#include "nn/state.h"

namespace assay {

/// A model that can be the first stage of latent diffusion (Rombach et al. 2022, sec. 3.1): it
/// makes small maps of images and images of such maps. Both look at the weights that eval.weights
/// names, in evaluation mode and without gradients. Unlike the authors' code, which samples q(z|x)
/// and hands on what the encoder says in front of the quantiser, latents are means and entries.
class LatentMaps {
 public:
  virtual ~LatentMaps() = default;
  /// {c,h,w} of one example's latents.
  virtual std::vector<std::int64_t> latent_shape() const = 0;
  /// images [N,C,H,W] in [−1,1] -> latents [N,c,h,w], as the encoder scales them: the mean of
  /// q(z|x), or what is looked up in a codebook.
  virtual torch::Tensor to_latents(const torch::Tensor& images) = 0;
  /// latents [N,c,h,w] -> images [N,C,H,W] in [−1,1]; a codebook looks up before it decodes.
  virtual torch::Tensor from_latents(const torch::Tensor& latents) = 0;
  /// Every tensor that the two depend on, under names that begin with `prefix`.
  virtual void visit_weights(StateVisitor& visitor, const std::string& prefix) = 0;
};

}  // namespace assay
