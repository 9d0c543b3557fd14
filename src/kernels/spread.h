// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// Mean over all dimensions of the batch's standard deviation (÷N): near zero when a generator
/// gives the same answer to every z. samples: [N,…], N ≥ 1; batched over seeds, of each seed.
/// 0-dim, in the samples' unit; without a gradient.
at::Tensor spread(const at::Tensor& samples);

}  // namespace assay
