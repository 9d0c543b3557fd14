// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <array>
#include <cstdint>

namespace assay {

/// What upfirdn2d does around its filter. A negative pad crops.
struct UpFirDn {
  std::int64_t up = 1, down = 1;
  std::array<std::int64_t, 4> padding{};  ///< left, right, top, bottom: pixels after `up`
  double gain = 1.0;

  bool operator==(const UpFirDn&) const = default;
};

// What StyleGAN2 does with 4 taps a side; a constant stays constant inside.
inline constexpr UpFirDn kUpsampleBy2 = {.up = 2, .padding = {2, 1, 2, 1}, .gain = 4.0};
inline constexpr UpFirDn kDownsampleBy2 = {.down = 2, .padding = {1, 1, 1, 1}};
/// Of a 3×3 transposed convolution with stride 2 and no padding: [N,C,2H+1,2W+1] to [N,C,2H,2W].
inline constexpr UpFirDn kBlurAfterTransposed3x3 = {.padding = {1, 1, 1, 1}, .gain = 4.0};
/// For a 3×3 convolution with stride 2 and no padding: [N,C,2H,2W] to [N,C,2H+1,2W+1].
inline constexpr UpFirDn kBlurBeforeStrided3x3 = {.padding = {2, 2, 2, 2}};

/// Upsamples, filters and downsamples each channel (Karras et al. 2020, "Analyzing and Improving
/// the Image Quality of StyleGAN", appendix B): writes up − 1 zeros after each pixel and each row,
/// pads with zeros, convolves with gain · filter (its taps run backwards, as in a convolution)
/// where the filter lies inside, and keeps every down-th pixel and row from the first on.
///
/// x: [N,C,H,W]; filter: [rows,columns], without a gradient, taken to x's type and device. Returns
/// [N,C,H',W'], H' = ⌊(up · H + top + bottom − rows) / down⌋ + 1, likewise W'. Differentiable as
/// often as wanted: ∂/∂x is the same operator, up and down changed over. Throws c10::Error for
/// other shapes, and if nothing would be left.
at::Tensor upfirdn2d(const at::Tensor& x, const at::Tensor& filter, const UpFirDn& options);

/// StyleGAN2's low-pass filter, b bᵀ / Σ with b = (1, 3, 3, 1): [4,4] f32 of sum 1.
at::Tensor binomial_filter();

}  // namespace assay
