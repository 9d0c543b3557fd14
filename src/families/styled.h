// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>

namespace assay {

/// A model whose generator makes latents into styles, one for each of its layers, and images of
/// styles (Karras et al. 2019, sec. 2): decode() is the one after the other. Neither moves a state.
class StyledModel {
 public:
  virtual ~StyledModel() = default;
  /// Styles w [N,L,W] of the L layers, innermost first, truncated as sampler.truncation says;
  /// nothing of a generator of one part. z: [N,Z], as draw_latents() gives them; labels: [N] i64,
  /// for a model that takes classes.
  virtual std::optional<torch::Tensor> styles_of(const torch::Tensor& z,
                                                 const torch::Tensor& labels) = 0;
  /// Images [N,C,H,W] in [−1,1] of styles [N,L,W], each layer with the noise that decode() takes.
  virtual torch::Tensor images_of_styles(const torch::Tensor& w) = 0;
};

}  // namespace assay
