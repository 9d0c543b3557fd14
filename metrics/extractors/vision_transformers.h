// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <string>
#include <string_view>

#include "metrics/extractors/extractor.h"
#include "nn/files/safetensors.h"

namespace assay {

/// What one pretrained vision transformer needs to become an extractor.
struct PretrainedTransformer {
  std::string_view name;
  bool clip = false;       ///< else DINOv2
  std::int64_t width = 0;  ///< of its tokens
  std::int64_t heads = 0;
  std::int64_t layers = 0;
};

/// ViT-S/14 and ViT-B/14 of DINOv2 without registers: 384 and 768 features.
constexpr PretrainedTransformer kDinov2Small{"dinov2-vits14", false, 384, 6, 12};
constexpr PretrainedTransformer kDinov2Base{"dinov2-vitb14", false, 768, 12, 12};
/// ViT-B/32 of OpenAI's CLIP: 512 features, projected, not normalised.
constexpr PretrainedTransformer kClipBase{"clip-vit-b32", true, 768, 12, 12};

/// [N,C,H,W] u8 -> [N,3,224,224] f32: the whole image resized without a crop, grey repeated,
/// (x/255 − mean) / deviation per channel: ImageNet's for DINOv2 (as dgm-eval, Stein et al. 2023),
/// CLIP's own for CLIP.
at::Tensor transformer_input(const at::Tensor& images, ResizeRule resize, bool clip);

/// An extractor of these weights, whose file had this SHA-256. Throws Error if they are of another
/// model.
std::unique_ptr<Extractor> transformer_of(const PretrainedTransformer& model,
                                          const TensorMap& weights, std::string sha256,
                                          ResizeRule resize);

/// The user's weights, resized by pil-bicubic unless another rule is asked for. No SHA-256 is
/// fixed: the file's own goes into the protocol. Throws Error naming the file and how to get it.
std::unique_ptr<Extractor> make_dinov2_vits14(const ExtractorOptions& options);
std::unique_ptr<Extractor> make_dinov2_vitb14(const ExtractorOptions& options);
std::unique_ptr<Extractor> make_clip_vit_b32(const ExtractorOptions& options);

}  // namespace assay
