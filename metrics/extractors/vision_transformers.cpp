// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/vision_transformers.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "metrics/extractors/blocks.h"
#include "metrics/extractors/published_weights.h"
#include "nn/blocks/vision_transformer.h"

namespace assay {
namespace {

constexpr std::int64_t kBlock = 16;
constexpr std::int64_t kSize = 224;

VisionTransformer build(const PretrainedTransformer& model, const TensorMap& weights) {
  const VisionTransformerShape shape{.image_size = kSize, .heads = model.heads};
  auto network = model.clip ? VisionTransformer::clip(weights, shape)
                            : VisionTransformer::dinov2(weights, shape);
  if (network.width() != model.width || network.layers() != model.layers) {
    throw Error(fmt::format("{}: its weights are of a model of {} layers of width {}, not {} of {}",
                            model.name, network.layers(), network.width(), model.layers,
                            model.width));
  }
  return network;
}

class TransformerExtractor : public Extractor {
 public:
  TransformerExtractor(const PretrainedTransformer& model, const TensorMap& weights,
                       std::string sha256, ResizeRule resize)
      : model_(model),
        network_(build(model, weights)),
        sha256_(std::move(sha256)),
        resize_(resize) {}

  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress) override {
    check_images(images, model_.name);
    const auto network = [this](const at::Tensor& block) {
      return Features{network_.forward(transformer_input(block, resize_, model_.clip)), {}};
    };
    return extract_in_blocks(images, kBlock, network, progress);
  }

  std::int64_t block_size() const override { return kBlock; }

  Protocol protocol() const override {
    return {{"extractor", std::string(model_.name)},
            {"extractor_sha256", sha256_},
            {"resize", describe_resize(resize_, kSize)}};
  }

 private:
  PretrainedTransformer model_;
  VisionTransformer network_;
  std::string sha256_;
  ResizeRule resize_;
};

std::unique_ptr<Extractor> make_transformer(const PretrainedTransformer& model,
                                            const ExtractorOptions& options) {
  const auto& published = published_weights_of(model.name);
  const auto file = options.weights.empty() ? place_of(published) : options.weights;
  auto weights = load_weights(file, published.sha256, how_to_get(published));
  return transformer_of(model, weights.tensors, std::move(weights.sha256),
                        options.resize.value_or(ResizeRule::kPilBicubic));
}

}  // namespace

at::Tensor transformer_input(const at::Tensor& images, ResizeRule resize, bool clip) {
  const auto per_channel = [](std::array<double, 3> values) {
    return at::tensor(values, at::kFloat).view({1, 3, 1, 1});
  };
  const auto mean =
      clip ? per_channel({0.48145466, 0.4578275, 0.40821073}) : per_channel({0.485, 0.456, 0.406});
  const auto deviation =
      clip ? per_channel({0.26862954, 0.26130258, 0.27577711}) : per_channel({0.229, 0.224, 0.225});
  return resize_images(images, resize, kSize).div_(255.0).sub(mean).div_(deviation);
}

std::unique_ptr<Extractor> transformer_of(const PretrainedTransformer& model,
                                          const TensorMap& weights, std::string sha256,
                                          ResizeRule resize) {
  return std::make_unique<TransformerExtractor>(model, weights, std::move(sha256), resize);
}

std::unique_ptr<Extractor> make_dinov2_vits14(const ExtractorOptions& options) {
  return make_transformer(kDinov2Small, options);
}

std::unique_ptr<Extractor> make_dinov2_vitb14(const ExtractorOptions& options) {
  return make_transformer(kDinov2Base, options);
}

std::unique_ptr<Extractor> make_clip_vit_b32(const ExtractorOptions& options) {
  return make_transformer(kClipBase, options);
}

}  // namespace assay
