// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// What batch normalisation of one layer reads and, in training, updates: all [C] and batched over
/// seeds.
struct BatchNormTerms {
  at::Tensor scale, bias, running_mean, running_variance;
};

/// at::batch_norm of examples x [N,C] or [N,C,…] that are batched over seeds
/// (kernels/runtime/seed_batch.h). Of images each seed's are as it computes them alone, bit for
/// bit.
at::Tensor batch_norm_over_seeds(const at::Tensor& x, const BatchNormTerms& terms, bool training,
                                 double momentum, double epsilon);

}  // namespace assay
