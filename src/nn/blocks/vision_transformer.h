// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

#include "nn/files/safetensors.h"

namespace assay {

/// One pre-norm block (Dosovitskiy et al. 2021, eq. 2–3), for inference:
///   x ← x + MSA(LN(x)),  x ← x + W₂ φ(W₁ LN(x)).
/// Query, key and value are one product; a layer scale is folded into the weights before it.
struct TransformerBlock {
  at::Tensor norm1_weight, norm1_bias, norm2_weight, norm2_bias;
  at::Tensor qkv_weight, qkv_bias, out_weight, out_bias;
  at::Tensor fc1_weight, fc1_bias, fc2_weight, fc2_bias;
};

struct VisionTransformerShape {
  std::int64_t image_size = 224;
  std::int64_t heads = 0;
  /// DINOv2 only. Where positions are known for another grid than image_size has, they are
  /// interpolated bicubically by a scale of (new + offset) / old. Meta's own code, which dgm-eval
  /// and torch-fidelity load, has an offset of 0.1; transformers has none.
  double position_offset = 0.1;
};

/// A vision transformer (Dosovitskiy et al. 2021) whose first token is the image's features.
class VisionTransformer {
 public:
  /// DINOv2 (Oquab et al. 2023) of tensors named as transformers' Dinov2Model: the class token
  /// after the last layer norm (x_norm_clstoken). Depth and widths are those of the tensors.
  /// Computes in `precision`. Throws Error naming a tensor that is missing or of another shape.
  static VisionTransformer dinov2(const TensorMap& weights, const VisionTransformerShape& shape,
                                  at::ScalarType precision = at::kFloat);

  /// CLIP's image tower (Radford et al. 2021) of tensors named as transformers'
  /// CLIPVisionModelWithProjection or CLIPModel: the class token after the last layer norm,
  /// projected; not normalised to length 1.
  static VisionTransformer clip(const TensorMap& weights, const VisionTransformerShape& shape,
                                at::ScalarType precision = at::kFloat);

  /// x: [N,3,image_size,image_size], normalised as the model was trained. Returns [N,D].
  at::Tensor forward(const at::Tensor& x) const;

  std::int64_t width() const { return class_token_.size(2); }
  std::int64_t layers() const { return static_cast<std::int64_t>(blocks_.size()); }

 private:
  at::Tensor embed(const at::Tensor& x) const;
  at::Tensor attend(const TransformerBlock& block, const at::Tensor& x) const;

  std::int64_t image_size_ = 0, heads_ = 0;
  double norm_epsilon_ = 0.0;
  bool quick_gelu_ = false;                     ///< φ(x) = x·σ(1.702 x) instead of x·Φ(x)
  at::Tensor patch_weight_, patch_bias_;        ///< bias undefined in CLIP
  at::Tensor class_token_, positions_;          ///< [1,1,D], [1,1+patches,D]
  at::Tensor pre_norm_weight_, pre_norm_bias_;  ///< CLIP only
  std::vector<TransformerBlock> blocks_;
  at::Tensor norm_weight_, norm_bias_;
  at::Tensor projection_;  ///< CLIP only
};

}  // namespace assay
