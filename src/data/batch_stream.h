// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>

#include "data/dataset.h"

namespace assay {

/// What a training step sees.
struct Batch {
  at::Tensor images;  ///< [B,C,H,W] f32 in [−1,1] (u8 / 127.5 − 1), or [B,2] f32 points
  at::Tensor labels;  ///< [B] i64; undefined without labels
  /// [B] i64 on the CPU: which rows of the split they are, bit for bit; undefined where they are
  /// not (flipped, binarised, or of elsewhere).
  at::Tensor rows = {};
  at::Tensor factors = {};  ///< [B,F] i64, as DataSplit's; undefined where they are not known
};

struct BatchStreamOptions {
  std::int64_t batch_size = 0;
  std::uint64_t order_seed = 0;    ///< stream "order"
  std::uint64_t augment_seed = 0;  ///< stream "augment"
  bool horizontal_flip = false;    ///< each image with probability ½
  /// Stream "binarisation": if given, the pixels of batch i are Bernoulli draws (PixelCoins) that
  /// depend on this seed and i.
  std::optional<std::uint64_t> binarisation_seed = std::nullopt;
  std::int64_t resampled_packs = 0;  ///< examples in a pack; 0: none are made
  std::uint64_t resample_seed = 0;   ///< stream "resample"
};

/// Endless batches of a training split, prefetched by one thread. Epoch e visits a permutation that
/// depends on (order_seed, e) alone: of the examples, or, with resampled_packs = m, of as many
/// packs as there are examples, each of m drawn with replacement once for all epochs, which then
/// lie side by side in a batch. The last, partial batch of an epoch is dropped. Batch i is a pure
/// function of the options and i: the same for every thread count and device, and after seek(). It
/// shares the split's tensors. Throws Error if the split holds fewer examples than one batch, or
/// packs do not fill one.
class BatchStream {
 public:
  BatchStream(const DataSplit& split, const BatchStreamOptions& options);
  ~BatchStream();
  BatchStream(const BatchStream&) = delete;
  BatchStream& operator=(const BatchStream&) = delete;

  /// Continue with batch number `index` (0-based, over all epochs).
  void seek(std::int64_t index);
  /// The next batch, on the CPU.
  Batch next();
  std::int64_t batches_per_epoch() const;

 private:
  class Worker;
  std::unique_ptr<Worker> worker_;
};

/// u8 [N,C,H,W] -> f32 in [−1,1]; points pass unchanged.
at::Tensor to_model_range(const at::Tensor& images);

/// f32 images in [−1,1] -> u8: clamp, (x+1)·127.5, round half to even. What is scored and saved.
at::Tensor to_pixels(const at::Tensor& images);

}  // namespace assay
