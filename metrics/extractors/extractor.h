// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/events.h"
#include "metrics/extractors/resize.h"

namespace assay {

/// What an extractor says of a set of images.
struct Features {
  at::Tensor features;      ///< [N,D] f32
  at::Tensor logits;        ///< [N,K] f32; undefined if it does not classify
  at::Tensor spatial = {};  ///< [N,S] f32: features that keep where things are; may be undefined
};

/// What the user can choose about an extractor; it becomes part of the protocol.
struct ExtractorOptions {
  std::optional<ResizeRule> resize = {};  ///< else the extractor's own rule
  /// Inception-v3: scale to 2·x/255 − 1, as pytorch-fid does, instead of (x − 128)/128.
  bool unit_scaling = false;
  std::filesystem::path weights = {};  ///< a file instead of <cache>/weights/…; empty: that one
};

/// A fixed map from images to feature vectors. Rows do not depend on the batch they were
/// computed in.
class Extractor {
 public:
  virtual ~Extractor() = default;
  /// images: [N,C,H,W] u8, C = 1 or 3; or f32 in [0,255], which is not rounded: for lengths of
  /// paths between images that rounding would make alike. Computed in blocks of a fixed size on the
  /// CPU; `progress` is called with the number of images done. Throws Error if the shape does not
  /// fit.
  virtual Features extract(const at::Tensor& images,
                           const std::function<void(std::int64_t)>& progress = {}) = 0;
  /// Images that are computed together: a set that comes in multiples of it, and a rest, gives the
  /// same bits as all at once.
  virtual std::int64_t block_size() const = 0;
  /// Name, SHA-256 of the weights, resize rule: the fields it adds to a metric's protocol.
  virtual Protocol protocol() const = 0;
};

struct ExtractorSource {
  std::string_view name;
  std::string_view meaning;
  /// Throws Error saying which file is missing and how to get it, that its digest is wrong, or
  /// which option it does not take.
  std::unique_ptr<Extractor> (*make)(const ExtractorOptions&);
  bool brings_weights =
      true;  ///< false: the user gets them, so nothing is wrong if they are absent
  bool gives_logits = false;
  bool gives_spatial = false;
  /// {C,H,W} of the only images that it takes; empty: of any size, with one or three channels.
  std::vector<std::int64_t> only_shape = {};
  /// What the columns of its logits are called, as folders can be; empty: nothing here has those.
  std::vector<std::string> classes = {};
};

/// Why classes of these names, in the order of their labels, are not the columns of an extractor's
/// logits, as the rest of a sentence; empty if they are: called as those, or by their numbers, 0
/// on.
std::string classes_misfit(const ExtractorSource& extractor, std::span<const std::string> names);

/// The complete list: pixels, efficientnet-lite0, inception-v3, dinov2-vits14, dinov2-vitb14,
/// clip-vit-b32, fmnist-cnn.
const std::vector<ExtractorSource>& extractors();

/// One of them. Throws Error with the near miss for an unknown name.
const ExtractorSource& extractor_source(std::string_view name);

/// Throws Error as extractor_source(), and what the extractor's maker throws.
std::unique_ptr<Extractor> make_extractor(std::string_view name,
                                          const ExtractorOptions& options = {});

}  // namespace assay
