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

/// Applies f to blocks of 500 of a split's examples on a device (images in [−1,1]) and joins the
/// results on the CPU.
template <class F>
at::Tensor in_blocks(const Batch& rows, torch::Device device, const EvaluationProgress& progress,
                     const F& f) {
  constexpr std::int64_t kRows = 500;
  const std::int64_t count = rows.images.size(0);
  std::vector<at::Tensor> parts;
  for (std::int64_t i = 0; i < count; i += kRows) {
    progress("score", i, count);
    const std::int64_t size = std::min(kRows, count - i);
    Batch block{to_model_range(rows.images.narrow(0, i, size)).to(device), {}};
    if (rows.labels.defined()) block.labels = rows.labels.narrow(0, i, size).to(device);
    parts.push_back(f(block).detach().to(torch::kCPU));
  }
  return torch::cat(parts);
}

}  // namespace assay
