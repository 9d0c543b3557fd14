// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <algorithm>
#include <functional>
#include <string_view>
#include <vector>

#include "data/batch_stream.h"

namespace assay {

/// Called now and then with (phase, done, in all); may throw to stop.
using EvaluationProgress = std::function<void(std::string_view, std::int64_t, std::int64_t)>;

/// Of `wanted` examples as many as are computed at a time: together they hold at most 2^23 values
/// (32 MiB), so that memory does not grow with an image's size. `example` has one example's shape,
/// [C,H,W] or [2].
inline std::int64_t rows_at_a_time(std::int64_t wanted, at::IntArrayRef example) {
  constexpr std::int64_t kMostValues = std::int64_t{1} << 23;
  return std::clamp<std::int64_t>(kMostValues / c10::multiply_integers(example), 1, wanted);
}

/// A batch as a step sees it. Its rows stay on the CPU, where the split is.
inline Batch on_device(Batch batch, torch::Device device) {
  for (at::Tensor* part : {&batch.images, &batch.labels, &batch.factors}) {
    if (part->defined()) *part = part->to(device);
  }
  return batch;
}

/// Examples [begin, begin + count) of a batch on a device, images in [−1,1], with what is
/// known of them.
inline Batch examples_on(torch::Device device, const Batch& rows, std::int64_t begin,
                         std::int64_t count) {
  Batch block{to_model_range(rows.images.narrow(0, begin, count)).to(device), {}};
  if (rows.labels.defined()) block.labels = rows.labels.narrow(0, begin, count).to(device);
  if (rows.factors.defined()) block.factors = rows.factors.narrow(0, begin, count).to(device);
  return block;
}

/// Applies f to blocks of at most 500 of a split's examples on a device (images in [−1,1]) and
/// joins the results on the CPU.
template <class F>
at::Tensor in_blocks(const Batch& rows, torch::Device device, const EvaluationProgress& progress,
                     const F& f) {
  const std::int64_t count = rows.images.size(0);
  const std::int64_t most = rows_at_a_time(500, rows.images.sizes().slice(1));
  std::vector<at::Tensor> parts;
  for (std::int64_t i = 0; i < count; i += most) {
    progress("score", i, count);
    const Batch block = examples_on(device, rows, i, std::min(most, count - i));
    parts.push_back(f(block).detach().to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace assay
