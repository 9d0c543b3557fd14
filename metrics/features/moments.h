// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "kernels/product/gram.h"

namespace assay {

struct Moments {
  at::Tensor mean;        ///< [D] f64
  at::Tensor covariance;  ///< [D,D] f64, ÷(N−1)
  std::int64_t count = 0;
};

/// Streaming mean and covariance in O(D²) memory. Rows are gathered into blocks of 1024 and shifted
/// by the first block's mean, so that nothing cancels where the mean is large; how add() was called
/// and how many threads there are change no bit of the result. Products are f64, or with f32 blocks
/// f32 within a block and f64 between blocks (relative error of the covariance about 10⁻⁷).
class MomentAccumulator {
 public:
  explicit MomentAccumulator(std::int64_t dimensions, at::ScalarType blocks = at::kDouble);

  /// [B,D] f32 or f64 rows.
  void add(const at::Tensor& rows);
  /// Moments of all rows so far. At least two are needed.
  Moments finish();

 private:
  void absorb(const at::Tensor& rows);
  void add_by_panels(const at::Tensor& rows);
  void add_by_products(const at::Tensor& rows);

  at::ScalarType blocks_;
  at::Tensor block_, pilot_, sum_, scatter_;
  std::optional<ColumnPanels> panels_;  // where the processor has their kernel, for f64
  std::int64_t in_block_ = 0;
  std::int64_t count_ = 0;
};

/// Moments of one matrix [N,D].
Moments moments_of(const at::Tensor& rows, at::ScalarType blocks = at::kDouble);

}  // namespace assay
