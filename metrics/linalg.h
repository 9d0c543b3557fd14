// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace assay {

/// Runs `work` with LibTorch, BLAS and LAPACK set to one thread (restored after), so that its bits
/// do not depend on how many there are.
void run_serial(const std::function<void()>& work);

/// XᵀX of [N,D] f64 -> [D,D] f64: the same bits for every thread count.
at::Tensor gram(const at::Tensor& rows);

/// Sum of singular values of a [R,S] f64 matrix (its nuclear norm).
double singular_value_sum(const at::Tensor& matrix);

/// Upper triangular [D,D] R with RᵀR = S, or an undefined tensor if S [D,D] f64 is too near to
/// singular for that to be accurate (smallest pivot below 10⁻⁴ of the largest).
at::Tensor cholesky_or_nothing(const at::Tensor& symmetric);

}  // namespace assay
