// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

/// What becomes of a feature map's sides.
enum class Resampling { kNone, kHalve, kDouble };

/// Taps of a filter f of even length 2p + 2, scaled to a sum of 1 and used along both axes: {1, 1}
/// averages two pixels, and repeats one where sides double; {1, 3, 3, 1} is that of StyleGAN2 and
/// NCSN++ (Karras et al. 2020, code; Song et al. 2021, appendix H; after Zhang 2019).
using ResampleFilter = std::vector<std::int64_t>;

/// Why `filter` cannot resample, as the sentence of an error message; empty if it can.
std::string filter_misfit(const ResampleFilter& filter);

/// x: [N,C,H,W], zero outside. Halved, to [N,C,⌊H/2⌋,⌊W/2⌋], and doubled, to [N,C,2H,2W], along
/// each axis:
///   y_o = Σ_k f_k x_{2o − p + k},   y_o = 2 Σ_i f_{o + p − 2i} x_i.
/// Throws c10::Error with filter_misfit()'s sentence.
at::Tensor resampled(const at::Tensor& x, Resampling how, const ResampleFilter& filter);

/// What a 3×3 convolution of stride 2 without padding then halves, [N,C,H+1,W+1] (Karras et al.
/// 2020, code): y_o = Σ_k f_k x_{o − p − 1 + k}. Throws as resampled().
at::Tensor blurred(const at::Tensor& x, const ResampleFilter& filter);

}  // namespace assay
