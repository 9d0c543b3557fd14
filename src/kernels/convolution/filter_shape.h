// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace assay {

/// The convolutions that have kernels of their own.
enum class FilterShape {
  k1x1,        ///< 1×1, stride 1, no padding
  k3x3,        ///< 3×3, stride 1, padding 1
  k4x4Stride2  ///< 4×4, stride 2, padding 1
};

inline std::int64_t stride_of(FilterShape shape) {
  return shape == FilterShape::k4x4Stride2 ? 2 : 1;
}

}  // namespace assay
