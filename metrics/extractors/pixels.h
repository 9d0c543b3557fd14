// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/extractors/extractor.h"

namespace assay {

/// The image itself: [C·H·W] values u8/255, no resize, no classifier. Needs no weights.
class PixelExtractor : public Extractor {
 public:
  Features extract(const at::Tensor& images,
                   const std::function<void(std::int64_t)>& progress = {}) override;
  std::int64_t block_size() const override { return 1; }
  Protocol protocol() const override;
};

/// Throws Error if weights or a resize are asked for.
std::unique_ptr<Extractor> make_pixels(const ExtractorOptions& options);

}  // namespace assay
