// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/inception_v3.h"

#include <ATen/ATen.h>

#include <utility>

#include "metrics/extractors/blocks.h"
#include "metrics/extractors/published_weights.h"
#include "nn/blocks/inception_v3.h"

namespace assay {
namespace {

class InceptionExtractor : public Extractor {
 public:
  InceptionExtractor(const TensorMap& weights, std::string sha256, const ExtractorOptions& options)
      : network_(weights),
        sha256_(std::move(sha256)),
        resize_(options.resize.value_or(ResizeRule::kTf1Bilinear)),
        unit_scaling_(options.unit_scaling) {}

  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress) override {
    check_images(images, "inception-v3");
    const auto network = [this](const at::Tensor& block) {
      const auto out = network_.forward(inception_input(block, resize_, unit_scaling_));
      return Features{out.pool2048, out.logits_unbiased, out.spatial};
    };
    return extract_in_blocks(images, InceptionV3::kBatch, network, progress);
  }

  std::int64_t block_size() const override { return InceptionV3::kBatch; }

  Protocol protocol() const override {
    return {{"extractor", "inception-v3"},
            {"extractor_sha256", sha256_},
            {"resize", describe_resize(resize_, InceptionV3::kImageSize)},
            {"scaling", unit_scaling_ ? "2x/255 - 1" : "(x - 128)/128"}};
  }

 private:
  InceptionV3 network_;
  std::string sha256_;
  ResizeRule resize_;
  bool unit_scaling_;
};

}  // namespace

at::Tensor inception_input(const at::Tensor& images, ResizeRule resize, bool unit_scaling) {
  auto x = resize_images(images, resize, InceptionV3::kImageSize);
  if (unit_scaling) {
    x.mul_(2.0 / 255.0).sub_(1.0);
  } else {
    x.sub_(128.0).div_(128.0);
  }
  return x.expand({-1, 3, -1, -1}).contiguous(at::MemoryFormat::ChannelsLast);
}

std::unique_ptr<Extractor> inception_v3_of(const TensorMap& weights, std::string sha256,
                                           const ExtractorOptions& options) {
  return std::make_unique<InceptionExtractor>(weights, std::move(sha256), options);
}

std::unique_ptr<Extractor> make_inception_v3(const ExtractorOptions& options) {
  const auto& published = published_weights_of("inception-v3");
  const auto file = options.weights.empty() ? place_of(published) : options.weights;
  auto weights = load_weights(file, published.sha256, how_to_get(published));
  return inception_v3_of(weights.tensors, std::move(weights.sha256), options);
}

}  // namespace assay
