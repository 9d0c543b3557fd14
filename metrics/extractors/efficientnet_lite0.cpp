// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/efficientnet_lite0.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string>

#include "core/error.h"
#include "core/paths.h"
#include "metrics/extractors/blocks.h"

namespace assay {
namespace {

constexpr std::int64_t kBlock = 16;  // 0.3 GB; larger ones are no faster
constexpr double kNormEpsilon = 1e-3;
constexpr std::string_view kHowToGet =
    "run ci/setup: it fetches and converts them "
    "(ci/convert_weights.py)";

// Strides of the sixteen blocks (Tan & Le 2019, table 1, one row per stage).
constexpr std::array<std::int64_t, 16> kStrides{1, 2, 1, 2, 1, 2, 1, 1, 1, 1, 1, 2, 1, 1, 1, 1};

const at::Tensor& find(const TensorMap& weights, const std::string& name) {
  const auto found = weights.find(name);
  if (found == weights.end()) {
    throw Error(fmt::format("efficientnet-lite0: its weights lack '{}'; {}", name, kHowToGet));
  }
  return found->second;
}

FoldedConvolution fold(const TensorMap& weights, const std::string& convolution,
                       const std::string& norm) {
  const auto get = [&](const std::string& name) { return find(weights, name).to(at::kDouble); };
  const auto scale = get(norm + ".weight") / (get(norm + ".running_var") + kNormEpsilon).sqrt();
  const auto kernel = get(convolution + ".weight") * scale.view({-1, 1, 1, 1});
  const auto bias = get(norm + ".bias") - get(norm + ".running_mean") * scale;
  return {kernel.to(at::kFloat).contiguous(), bias.to(at::kFloat)};
}

InvertedResidual make_block(const TensorMap& weights, std::size_t index) {
  const auto prefix = fmt::format("_blocks.{}.", index);
  InvertedResidual block;
  if (weights.contains(prefix + "_expand_conv.weight")) {
    block.layers.push_back(fold(weights, prefix + "_expand_conv", prefix + "_bn0"));
  }
  auto depthwise = fold(weights, prefix + "_depthwise_conv", prefix + "_bn1");
  depthwise.stride = kStrides[index];
  depthwise.groups = depthwise.weight.size(0);
  block.layers.push_back(depthwise);
  auto project = fold(weights, prefix + "_project_conv", prefix + "_bn2");
  project.activated = false;
  block.layers.push_back(project);
  const auto in_channels = block.layers.front().groups == 1 ? block.layers.front().weight.size(1)
                                                            : block.layers.front().groups;
  block.has_shortcut = kStrides[index] == 1 && in_channels == project.weight.size(0);
  return block;
}

// Zeros before and after one axis for TensorFlow's "SAME".
std::array<std::int64_t, 2> same_padding(std::int64_t size, std::int64_t kernel,
                                         std::int64_t stride) {
  const auto outputs = (size + stride - 1) / stride;
  const auto total = std::max<std::int64_t>((outputs - 1) * stride + kernel - size, 0);
  return {total / 2, total - total / 2};
}

class EfficientNetExtractor : public Extractor {
 public:
  EfficientNetExtractor(const std::filesystem::path& weights, ResizeRule resize)
      : network_(load_weights(weights, kEfficientNetLite0Sha256, kHowToGet).tensors),
        resize_(resize) {}

  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress) override {
    check_images(images, "efficientnet-lite0");
    const auto network = [this](const at::Tensor& block) {
      return network_.forward(efficientnet_input(block, resize_));
    };
    return extract_in_blocks(images, kBlock, network, progress);
  }

  std::int64_t block_size() const override { return kBlock; }

  Protocol protocol() const override {
    return {{"extractor", "efficientnet-lite0"},
            {"extractor_sha256", std::string(kEfficientNetLite0Sha256)},
            {"resize", describe_resize(resize_, EfficientNetLite0::kImageSize)}};
  }

 private:
  EfficientNetLite0 network_;
  ResizeRule resize_;
};

}  // namespace

std::filesystem::path efficientnet_lite0_weights() {
  return cache_folder() / "weights" / "efficientnet-lite0.safetensors";
}

at::Tensor FoldedConvolution::operator()(const at::Tensor& x) const {
  const auto [top, bottom] = same_padding(x.size(2), weight.size(2), stride);
  const auto [left, right] = same_padding(x.size(3), weight.size(3), stride);
  // Equal padding goes into the convolution; only the uneven kind costs a copy.
  const bool even = top == bottom && left == right;
  const auto padded = even ? x : at::constant_pad_nd(x, {left, right, top, bottom});
  const std::array<std::int64_t, 2> padding{even ? top : 0, even ? left : 0};
  auto y = at::conv2d(padded, weight, bias, stride, padding, 1, groups);
  return activated ? y.clamp_(0.0, 6.0) : y;
}

at::Tensor InvertedResidual::operator()(const at::Tensor& x) const {
  auto y = x;
  for (const auto& layer : layers) y = layer(y);
  return has_shortcut ? y.add_(x) : y;
}

EfficientNetLite0::EfficientNetLite0(const TensorMap& weights)
    : stem_(fold(weights, "_conv_stem", "_bn0")),
      head_(fold(weights, "_conv_head", "_bn1")),
      classifier_weight_(find(weights, "_fc.weight")),
      classifier_bias_(find(weights, "_fc.bias")) {
  stem_.stride = 2;
  for (std::size_t i = 0; i < kStrides.size(); ++i) blocks_.push_back(make_block(weights, i));
}

Features EfficientNetLite0::forward(const at::Tensor& x) const {
  TORCH_CHECK(x.dim() == 4 && x.size(1) == 3 && x.size(2) == kImageSize && x.size(3) == kImageSize,
              "EfficientNetLite0: needs [N,3,224,224], not ", x.sizes());
  auto y = stem_(x);
  for (const auto& block : blocks_) y = block(y);
  const auto features = head_(y).mean({2, 3});
  return {features, at::linear(features, classifier_weight_, classifier_bias_)};
}

at::Tensor efficientnet_input(const at::Tensor& images, ResizeRule resize) {
  return resize_images(images, resize, EfficientNetLite0::kImageSize)
      .sub_(127.0)
      .div_(128.0)
      .expand({-1, 3, -1, -1})
      .contiguous();
}

std::unique_ptr<Extractor> make_efficientnet_lite0(const ExtractorOptions& options) {
  return std::make_unique<EfficientNetExtractor>(
      options.weights.empty() ? efficientnet_lite0_weights() : options.weights,
      options.resize.value_or(ResizeRule::kBilinear));
}

}  // namespace assay
