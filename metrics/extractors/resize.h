// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// How images are brought to an extractor's size. Scores under different rules do not compare:
/// the same images can be 1 FID apart (Parmar et al. 2022).
enum class ResizeRule {
  kTf1Bilinear,        ///< the original FID's, torch-fidelity's
  kPilBicubic,         ///< clean-fid's "clean"
  kBilinear,           ///< pytorch-fid's
  kBilinearAntialias,  ///< torchmetrics'
};

/// Each of the four takes [N,C,H,W] u8 and returns [N,C,size,size] f32 in [0,255], not rounded.
/// They throw c10::Error for another shape or type.

/// TensorFlow 1's bilinear without aligned corners: src = dst·in/out (no half-pixel centres), no
/// antialiasing, the last row and column repeated.
at::Tensor resize_tf1_bilinear(const at::Tensor& images, std::int64_t size);

/// Pillow's BICUBIC (a = −0.5, widened when shrinking) on each channel as 32-bit float, clipped to
/// [0,255] at the end only: coefficients and sums in f64, columns first, f32 between the passes.
at::Tensor resize_pil_bicubic(const at::Tensor& images, std::int64_t size);

/// torch's interpolate(mode="bilinear", align_corners=False): half-pixel centres, no antialiasing.
at::Tensor resize_bilinear(const at::Tensor& images, std::int64_t size);

/// The same with antialias=True.
at::Tensor resize_bilinear_antialias(const at::Tensor& images, std::int64_t size);

/// The one that the rule names.
at::Tensor resize_images(const at::Tensor& images, ResizeRule rule, std::int64_t size);

/// tf1-bilinear, pil-bicubic, bilinear, bilinear-antialias.
std::vector<std::string> resize_rule_names();

/// Throws Error with the near miss for an unknown name.
ResizeRule parse_resize_rule(std::string_view name);

/// The protocol's text, as "bilinear 224, half-pixel, no antialias".
std::string describe_resize(ResizeRule rule, std::int64_t size);

}  // namespace assay
