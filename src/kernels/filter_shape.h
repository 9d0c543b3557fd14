// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace assay {

/// The two convolutions that have kernels of their own.
enum class FilterShape {
  k3x3,        ///< 3×3, stride 1, padding 1
  k4x4Stride2  ///< 4×4, stride 2, padding 1
};

inline std::int64_t stride_of(FilterShape filter) { return filter == FilterShape::k3x3 ? 1 : 2; }

}  // namespace assay
