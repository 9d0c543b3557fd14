// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

enum class Activation { kNone, kSilu };

/// What follows the normalisation: γ and β, each [C] or [N,C]; bias may be undefined.
struct RmsNormTerms {
  at::Tensor scale, bias;
};

/// f(γ · √C · x / max(‖x‖, 1e-12) + β), ‖x‖ over the channels of each pixel (Zhang & Sennrich 2019,
/// "Root Mean Square Layer Normalization", without epsilon inside the root). x: [N,C,H,W]. f32
/// images in channels-last order on the CPU go through one fused pass, each example by one thread;
/// all else through LibTorch's operators. Can be differentiated any number of times.
at::Tensor rms_norm(const at::Tensor& x, const RmsNormTerms& terms, Activation activation);

}  // namespace assay
