// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>

#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/resample.h"
#include "nn/noise.h"

namespace assay {

/// How a residual block takes the time embedding e in, around its second normalisation.
enum class TimeConditioning {
  kAdditive,  ///< norm(h + W e) (Ho et al. 2020)
  kFilm       ///< norm(h) · (1 + scale) + shift, (scale, shift) = W e (Nichol & Dhariwal 2021)
};

struct ResidualBlockOptions {
  std::int64_t in_channels = 0;
  std::int64_t out_channels = 0;
  std::int64_t time_channels = 0;
  std::int64_t groups = 8;
  double dropout = 0.0;
  TimeConditioning conditioning = TimeConditioning::kFilm;
  Resampling resampling = Resampling::kNone;
  ResampleFilter filter = {1, 1};
  bool projects_skip = false;  ///< by a 1×1 convolution, even where channels stay
  double skip_scale = 1.0;     ///< s; 1/√2 keeps the variance (Song et al. 2021, appendix H)
};

/// scale · (a + b); no multiplication by 1.
torch::Tensor scaled_sum(const torch::Tensor& a, const torch::Tensor& b, double scale);

/// The residual block of diffusion U-Nets:
///   s · (skip(R x) + Conv3(dropout(SiLU(condition(GN(Conv3(R SiLU(GN(x)))), e))))),
/// the last convolution starting at zero and skip a 1×1 convolution where channels change. R
/// resamples, in blocks that join levels (Brock et al. 2019, BigGAN; Dhariwal & Nichol 2021, table
/// 1: skip as in other blocks; Song et al. 2021, appendix H: always a convolution).
class ResidualBlockImpl : public torch::nn::Module {
 public:
  explicit ResidualBlockImpl(const ResidualBlockOptions& options);

  /// x: [N,I,H,W]; embedding: [N,T], already through its activation. Returns [N,O,H,W],
  /// or sides that resampled() gives.
  /// `noise` draws the dropout mask in training.
  torch::Tensor forward(const torch::Tensor& x, const torch::Tensor& embedding,
                        std::optional<Noise> noise = std::nullopt);

 private:
  ResidualBlockOptions options_;
  torch::nn::GroupNorm norm1_, norm2_;
  Convolution conv1_, conv2_, skip_{nullptr};
  Linear time_;
};
TORCH_MODULE(ResidualBlock);

}  // namespace assay
