// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"

namespace assay {

/// What an extractor says of a set of images.
struct Features {
  at::Tensor features;  ///< [N,D] f32
  at::Tensor logits;    ///< [N,K] f32; undefined if it does not classify
};

/// A fixed map from 8-bit images to feature vectors. Rows do not depend on the batch they were
/// computed in.
class Extractor {
 public:
  virtual ~Extractor() = default;
  /// images: [N,C,H,W] u8, C = 1 or 3. Computed in blocks of a fixed size on the CPU; `progress` is
  /// called with the number of images done. Throws Error if the shape does not fit.
  virtual Features extract(const at::Tensor& images,
                           const std::function<void(std::int64_t)>& progress = {}) = 0;
  /// Name, SHA-256 of the weights, resize rule: the fields it adds to a metric's protocol.
  virtual Protocol protocol() const = 0;
};

struct ExtractorSource {
  std::string_view name;
  std::string_view meaning;
  /// Throws Error saying which file is missing and how to get it, or that its digest is wrong.
  std::unique_ptr<Extractor> (*make)();
};

/// The complete list: pixels, efficientnet-lite0, fmnist-cnn.
const std::vector<ExtractorSource>& extractors();

/// Throws Error with the near miss for an unknown name.
std::unique_ptr<Extractor> make_extractor(std::string_view name);

}  // namespace assay
