// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/residual_block.h"
#include "nn/blocks/unet.h"

namespace assay {

/// Class logits of noisy images and their time: the way down of a diffusion U-Net (Dhariwal &
/// Nichol 2021, sec. 4), of each level its residual blocks and a halving convolution, then the mean
/// over pixels and Linear. Of the options it takes those that the way down has, but no attention.
class NoisyImageClassifierImpl : public torch::nn::Module {
 public:
  /// options.classes: K. Throws c10::Error with unet_misfit()'s sentence.
  explicit NoisyImageClassifierImpl(const UNetOptions& options);
  /// x_t: [N,C,S,S] f32; t: [N] f32. Returns [N,K].
  torch::Tensor forward(const torch::Tensor& x_t, const torch::Tensor& t);

 private:
  std::int64_t space_to_depth_;
  torch::Tensor frequencies_;
  Linear time1_, time2_;
  Convolution input_;
  struct Level {
    std::vector<ResidualBlock> blocks;
    Convolution resample{nullptr};  // absent on the last
  };
  std::vector<Level> levels_;
  torch::nn::GroupNorm norm_;
  Linear output_;
};
TORCH_MODULE(NoisyImageClassifier);

}  // namespace assay
