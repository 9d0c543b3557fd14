// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "core/error.h"
#include "metrics/extractors/extractor.h"

namespace assay {

/// Mean over the values of an image of their standard deviation over images (÷N), in 8-bit levels,
/// of images that come in batches. Bytes and their squares add up to exact integers, so that the
/// batches leave no trace. At most 10 million images.
class PixelSpread {
 public:
  /// pixels: u8 [n,…].
  void add(const at::Tensor& pixels);
  /// 0 before the first image.
  double value() const;

 private:
  std::int64_t count_ = 0;
  std::vector<std::uint64_t> sums_, squares_;
};

/// Which of an extractor's outputs are kept beside the features: a thousand classes of 50,000
/// images are 0.2 GB that only one score reads.
struct FeatureParts {
  bool logits = true, spatial = true;

  /// The features without what is not kept.
  Features of(Features features) const;
};

/// The features that an extractor gives of `count` images, bit for bit, without the images: they
/// come in batches, and only what does not fill one of the extractor's blocks waits. `progress`: as
/// the extractor's own.
class FeatureStream {
 public:
  FeatureStream(Extractor& extractor, std::int64_t count,
                std::function<void(std::int64_t)> progress, FeatureParts parts = {});

  /// pixels: u8 [n,C,H,W].
  void add(const at::Tensor& pixels);
  /// Call once, after the last image.
  Features finish();

 private:
  void extract(const at::Tensor& pixels);

  Extractor& extractor_;
  std::int64_t count_, done_ = 0;
  std::function<void(std::int64_t)> progress_;
  FeatureParts parts_;
  at::Tensor waiting_;
  Features features_;
};

/// What is kept of samples as they come.
struct SampleNeeds {
  std::int64_t count = 0;          ///< samples that will come
  std::int64_t shown = 0;          ///< so many of the first ones, for a picture
  bool whole = false;              ///< all of them; points are always kept
  Extractor* extractor = nullptr;  ///< whose features of images are wanted; nullptr: none
  std::function<void(std::int64_t)> progress = {};  ///< called with the number of images
                                                    ///< whose features are there; may throw to stop
  FeatureParts parts = {};                          ///< of these features
};

/// A sample holds a value that is no number, or infinite: training has diverged.
class NonFiniteSamples : public Error {
 public:
  using Error::Error;
};

/// Turns batches of samples into what scores and pictures need of them: pixels, features, spread.
class SampleKeeper {
 public:
  explicit SampleKeeper(SampleNeeds needs);

  /// samples: images f32 [n,C,H,W] in [−1,1], or points [n,2]. Throws NonFiniteSamples.
  void take(const at::Tensor& samples);
  /// The first ones as u8 pixels, or all points.
  at::Tensor shown() const;
  /// All of them as u8 pixels, or as points; undefined unless they were asked for.
  at::Tensor whole() const;
  /// Of images; call once.
  Features features();
  /// As PixelSpread; of points in their own unit (kernels/pointwise/spread.h).
  double spread() const;

 private:
  SampleNeeds needs_;
  std::int64_t done_ = 0;
  std::vector<at::Tensor> shown_;
  at::Tensor whole_;  // of all that will come
  PixelSpread pixel_spread_;
  std::optional<FeatureStream> stream_;
  bool points_ = false;
};

}  // namespace assay
