// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/pixels.h"

#include <ATen/ATen.h>

#include "metrics/extractors/blocks.h"

namespace assay {

Features PixelExtractor::extract(const at::Tensor& images,
                                 const std::function<void(std::int64_t)>& progress) {
  check_images(images, "pixels");
  auto features = images.flatten(1).to(at::kFloat).div_(255.0);
  if (progress) progress(images.size(0));
  return {features, {}};
}

Protocol PixelExtractor::protocol() const {
  return {{"extractor", "pixels"}, {"extractor_sha256", "none"}, {"resize", "none"}};
}

std::unique_ptr<Extractor> make_pixels(const ExtractorOptions& options) {
  refuse_resize(options, "pixels");
  refuse_weights(options, "pixels");
  return std::make_unique<PixelExtractor>();
}

}  // namespace assay
