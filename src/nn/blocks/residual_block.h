// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/normalization.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>

#include "nn/blocks/convolution.h"
#include "nn/blocks/linear.h"
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
};

/// The residual block of diffusion U-Nets:
///   skip(x) + Conv3(dropout(SiLU(condition(GN(Conv3(SiLU(GN(x)))), e)))),
/// the last convolution starting at zero and skip a 1×1 convolution where channels change.
class ResidualBlockImpl : public torch::nn::Module {
 public:
  explicit ResidualBlockImpl(const ResidualBlockOptions& options);

  /// x: [N,I,H,W]; embedding: [N,T], already through its activation. Returns [N,O,H,W].
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
