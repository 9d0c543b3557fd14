// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// How alike the examples of a batch are (Salimans et al. 2016, sec. 3.2): of m [N,B,C]
///   o_b(i) = Σ_j exp(−‖m_ib − m_jb‖₁), j = i included,
/// as [N,B]. Equal values have no slope between them. f32 on a CPU with vectors goes through loops
/// that keep no [N,N,B], batched over seeds (kernels/runtime/seed_batch.h) too, each seed to the
/// bits it has alone; all else through LibTorch's operators. Can be differentiated any number of
/// times.
at::Tensor batch_likeness(const at::Tensor& m);

}  // namespace assay
