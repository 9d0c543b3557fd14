// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// Mean over all dimensions of the batch's standard deviation (÷N): near zero when a generator
/// gives the same answer to every z. Summed in f64. samples: [N,…], N ≥ 1, of any type of float;
/// batched over seeds (kernels/runtime/seed_batch.h), of each seed. 0-dim, of the samples' type and
/// unit; without a gradient.
at::Tensor spread(const at::Tensor& samples);

}  // namespace assay
