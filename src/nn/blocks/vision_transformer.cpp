// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/vision_transformer.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/error.h"

namespace assay {
namespace {

constexpr double kDinoEpsilon = 1e-6;
constexpr double kClipEpsilon = 1e-5;
constexpr double kQuickGelu = 1.702;

// Finds tensors by name under a prefix.
class Parameters {
 public:
  Parameters(const TensorMap& weights, at::ScalarType precision)
      : weights_(weights), precision_(precision) {}

  bool has(const std::string& name) const { return weights_.contains(name); }

  at::Tensor get(const std::string& name, std::int64_t dimensions) const {
    const auto found = weights_.find(name);
    if (found == weights_.end() || found->second.dim() != dimensions) {
      throw Error(fmt::format(
          "vision transformer: its weights lack '{}', or it has another shape; are they of another "
          "model?",
          name));
    }
    return found->second.to(precision_);
  }

  void norm(const std::string& name, at::Tensor& weight, at::Tensor& bias) const {
    weight = get(name + ".weight", 1);
    bias = get(name + ".bias", 1);
  }

  void linear(const std::string& name, at::Tensor& weight, at::Tensor& bias) const {
    weight = get(name + ".weight", 2);
    bias = get(name + ".bias", 1);
  }

  // Query, key and value as one product.
  void joined(const std::string& q, const std::string& k, const std::string& v,
              TransformerBlock& block) const {
    block.qkv_weight =
        at::cat({get(q + ".weight", 2), get(k + ".weight", 2), get(v + ".weight", 2)});
    block.qkv_bias = at::cat({get(q + ".bias", 1), get(k + ".bias", 1), get(v + ".bias", 1)});
  }

 private:
  const TensorMap& weights_;
  at::ScalarType precision_;
};

TransformerBlock dinov2_block(const Parameters& parameters, const std::string& name) {
  TransformerBlock block;
  parameters.norm(name + "norm1", block.norm1_weight, block.norm1_bias);
  parameters.norm(name + "norm2", block.norm2_weight, block.norm2_bias);
  const auto attention = name + "attention.attention.";
  parameters.joined(attention + "query", attention + "key", attention + "value", block);
  parameters.linear(name + "attention.output.dense", block.out_weight, block.out_bias);
  parameters.linear(name + "mlp.fc1", block.fc1_weight, block.fc1_bias);
  parameters.linear(name + "mlp.fc2", block.fc2_weight, block.fc2_bias);
  // Layer scale (Touvron et al. 2021): λ ⊙ (W x + b) = (λ ⊙ W) x + λ ⊙ b.
  const auto scale1 = parameters.get(name + "layer_scale1.lambda1", 1);
  const auto scale2 = parameters.get(name + "layer_scale2.lambda1", 1);
  block.out_weight = block.out_weight * scale1.unsqueeze(1);
  block.out_bias = block.out_bias * scale1;
  block.fc2_weight = block.fc2_weight * scale2.unsqueeze(1);
  block.fc2_bias = block.fc2_bias * scale2;
  return block;
}

TransformerBlock clip_block(const Parameters& parameters, const std::string& name) {
  TransformerBlock block;
  parameters.norm(name + "layer_norm1", block.norm1_weight, block.norm1_bias);
  parameters.norm(name + "layer_norm2", block.norm2_weight, block.norm2_bias);
  const auto attention = name + "self_attn.";
  parameters.joined(attention + "q_proj", attention + "k_proj", attention + "v_proj", block);
  parameters.linear(attention + "out_proj", block.out_weight, block.out_bias);
  parameters.linear(name + "mlp.fc1", block.fc1_weight, block.fc1_bias);
  parameters.linear(name + "mlp.fc2", block.fc2_weight, block.fc2_bias);
  return block;
}

// positions: [1,1+old²,D] -> [1,1+grid²,D]; the class token's stays.
at::Tensor interpolate_positions(const at::Tensor& positions, std::int64_t grid, double offset) {
  const auto count = positions.size(1) - 1;
  const auto old = static_cast<std::int64_t>(std::llround(std::sqrt(static_cast<double>(count))));
  TORCH_CHECK(old * old == count, "positions are not of a square: ", count);
  if (old == grid) return positions;
  const auto square =
      positions.slice(1, 1).reshape({1, old, old, positions.size(2)}).permute({0, 3, 1, 2});
  const double scale = (static_cast<double>(grid) + offset) / static_cast<double>(old);
  const auto resized =
      at::upsample_bicubic2d(square, {grid, grid}, /*align_corners=*/false, scale, scale);
  return at::cat({positions.slice(1, 0, 1), resized.flatten(2).transpose(1, 2)}, 1);
}

}  // namespace

VisionTransformer VisionTransformer::dinov2(const TensorMap& weights,
                                            const VisionTransformerShape& shape,
                                            at::ScalarType precision) {
  const Parameters parameters(weights, precision);
  VisionTransformer vit;
  vit.image_size_ = shape.image_size;
  vit.heads_ = shape.heads;
  vit.norm_epsilon_ = kDinoEpsilon;
  vit.patch_weight_ = parameters.get("embeddings.patch_embeddings.projection.weight", 4);
  vit.patch_bias_ = parameters.get("embeddings.patch_embeddings.projection.bias", 1);
  vit.class_token_ = parameters.get("embeddings.cls_token", 3);
  vit.positions_ =
      interpolate_positions(parameters.get("embeddings.position_embeddings", 3),
                            shape.image_size / vit.patch_weight_.size(2), shape.position_offset);
  const auto name = [](std::size_t i) { return fmt::format("encoder.layer.{}.", i); };
  for (std::size_t i = 0; i == 0 || parameters.has(name(i) + "norm1.weight"); ++i) {
    vit.blocks_.push_back(dinov2_block(parameters, name(i)));
  }
  parameters.norm("layernorm", vit.norm_weight_, vit.norm_bias_);
  return vit;
}

VisionTransformer VisionTransformer::clip(const TensorMap& weights,
                                          const VisionTransformerShape& shape,
                                          at::ScalarType precision) {
  const Parameters parameters(weights, precision);
  const std::string tower = "vision_model.";
  VisionTransformer vit;
  vit.image_size_ = shape.image_size;
  vit.heads_ = shape.heads;
  vit.norm_epsilon_ = kClipEpsilon;
  vit.quick_gelu_ = true;
  vit.patch_weight_ = parameters.get(tower + "embeddings.patch_embedding.weight", 4);
  vit.class_token_ = parameters.get(tower + "embeddings.class_embedding", 1).view({1, 1, -1});
  vit.positions_ = parameters.get(tower + "embeddings.position_embedding.weight", 2).unsqueeze(0);
  parameters.norm(tower + "pre_layrnorm", vit.pre_norm_weight_, vit.pre_norm_bias_);
  const auto name = [&](std::size_t i) { return fmt::format("{}encoder.layers.{}.", tower, i); };
  for (std::size_t i = 0; i == 0 || parameters.has(name(i) + "layer_norm1.weight"); ++i) {
    vit.blocks_.push_back(clip_block(parameters, name(i)));
  }
  parameters.norm(tower + "post_layernorm", vit.norm_weight_, vit.norm_bias_);
  vit.projection_ = parameters.get("visual_projection.weight", 2);
  return vit;
}

at::Tensor VisionTransformer::embed(const at::Tensor& x) const {
  const auto patch = patch_weight_.size(2);
  const auto patches = at::conv2d(x, patch_weight_, patch_bias_, {patch, patch});
  const auto first = class_token_.expand({x.size(0), -1, -1});
  auto tokens = at::cat({first, patches.flatten(2).transpose(1, 2)}, 1).add_(positions_);
  if (!pre_norm_weight_.defined()) return tokens;
  return at::layer_norm(tokens, pre_norm_weight_.sizes(), pre_norm_weight_, pre_norm_bias_,
                        norm_epsilon_);
}

at::Tensor VisionTransformer::attend(const TransformerBlock& block, const at::Tensor& x) const {
  const auto n = x.size(0), tokens = x.size(1), width = x.size(2);
  // [N,T,3,heads,d] -> three of [N,heads,T,d].
  const auto qkv = at::linear(x, block.qkv_weight, block.qkv_bias)
                       .view({n, tokens, 3, heads_, width / heads_})
                       .permute({2, 0, 3, 1, 4})
                       .unbind(0);
  const auto mixed = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2]);
  return at::linear(mixed.transpose(1, 2).reshape({n, tokens, width}), block.out_weight,
                    block.out_bias);
}

at::Tensor VisionTransformer::forward(const at::Tensor& images) const {
  TORCH_CHECK(images.dim() == 4 && images.size(1) == 3 && images.size(2) == image_size_ &&
                  images.size(3) == image_size_,
              "VisionTransformer: needs [N,3,", image_size_, ",", image_size_, "], not ",
              images.sizes());
  const auto norm = [this](const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
    return at::layer_norm(x, weight.sizes(), weight, bias, norm_epsilon_);
  };
  auto x = embed(images);
  for (const auto& block : blocks_) {
    x = x + attend(block, norm(x, block.norm1_weight, block.norm1_bias));
    const auto wide =
        at::linear(norm(x, block.norm2_weight, block.norm2_bias), block.fc1_weight, block.fc1_bias);
    const auto active = quick_gelu_ ? wide * (wide * kQuickGelu).sigmoid_() : at::gelu(wide);
    x = x + at::linear(active, block.fc2_weight, block.fc2_bias);
  }
  const auto features = norm(x.select(1, 0), norm_weight_, norm_bias_);
  return projection_.defined() ? at::linear(features, projection_) : features;
}

}  // namespace assay
