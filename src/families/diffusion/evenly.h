// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>

namespace assay {

/// At most `count` of the rows, from the first on, evenly through all of them.
inline at::Tensor evenly(const at::Tensor& rows, std::int64_t count) {
  const std::int64_t n = rows.size(0);
  if (n <= count) return rows;
  return rows.index_select(0, (at::arange(count, at::kLong) * n).floor_divide(count));
}

}  // namespace assay
