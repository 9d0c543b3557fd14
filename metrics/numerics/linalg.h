// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>

namespace assay {

/// Runs `work` with LibTorch, BLAS and LAPACK set to one thread (restored after), so that its bits
/// do not depend on how many there are.
void run_serial(const std::function<void()>& work);

/// Runs work(i) for i < count on as many threads as LibTorch may use, whichever is free taking the
/// next. Operators run on one thread inside, so that the bits of work(i) do not depend on how many
/// there are. Rethrows what work throws.
void for_each_parallel(std::int64_t count, const std::function<void(std::int64_t)>& work);

/// Adds XᵀX of [N,D] f32 or f64 to the tiles on and above the diagonal of `sum` [D,D] f64; the
/// product has the rows' arithmetic. The same bits for every thread count.
void add_upper_gram(at::Tensor& sum, const at::Tensor& rows);
/// XᵀX of [N,D] f64, likewise.
at::Tensor gram(const at::Tensor& rows);
/// Copies the upper triangle of [D,D] onto the lower.
void mirror_upper(at::Tensor& square);

/// A·B of f64 matrices, computed in strips of rows: the same bits for every thread count.
/// upper: A is upper triangular.
at::Tensor product(const at::Tensor& a, const at::Tensor& b, bool upper = false);

/// Eigenvalues of a symmetric [D,D] f64 matrix, ascending.
at::Tensor symmetric_eigenvalues(const at::Tensor& symmetric);

/// Sum of singular values of a [R,S] f64 matrix (its nuclear norm).
double singular_value_sum(const at::Tensor& matrix);

/// Upper triangular [D,D] R with RᵀR = S, or an undefined tensor if S [D,D] f64 is too near to
/// singular for that to be accurate (smallest pivot below 10⁻⁴ of the largest).
at::Tensor cholesky_or_nothing(const at::Tensor& symmetric);

}  // namespace assay
