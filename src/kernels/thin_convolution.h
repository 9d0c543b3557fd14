// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/vector_unit.h"

namespace assay {

/// Convolutions between images f of few channels (grey, RGB) and m of many, as at both ends of an
/// image model, by direct sums over vectors of the many:
///   T(f, w, m) = Σ_{ij} Σ_{uv} Σ_{cC} f[si + u − 1, sj + v − 1, c] w[u, v, c, C] m[i, j, C]
/// with r×r taps, stride s and padding 1. Each loop is ∂T by one argument. Images are NHWC, f has
/// s·rows × s·columns pixels; filters are [r,r,few,many].
struct ThinShape {
  std::int64_t images = 0;
  std::int64_t rows = 0, columns = 0;  ///< of m
  std::int64_t few = 0, many = 0;      ///< channels of f: 1 to kMostFewChannels; of m: of 16
  std::int64_t taps = 0, stride = 0;   ///< r = s + 2: 3 and 1, or 4 and 2
};

inline constexpr std::int64_t kMostFewChannels = 4;
inline constexpr std::int64_t kManyChannels = 16;  ///< m's are read and written so many at a time

/// The loops for one vector unit. `padded`: f with a border of one zero pixel.
struct ThinKernels {
  /// ∂T/∂m of one image, + bias [many] unless null.
  void (*expand)(const ThinShape& shape, std::int64_t image, const float* padded,
                 const float* filter, const float* bias, float* many);
  /// ∂T/∂f of one image, without a border.
  void (*contract)(const ThinShape& shape, std::int64_t image, const float* many,
                   const float* filter, float* few);
  /// ∂T/∂w, 16 of the many channels from `channel` on. Sums over an image are added to those over
  /// the images before.
  void (*filter_gradient)(const ThinShape& shape, std::int64_t channel, const float* padded,
                          const float* many, float* filter);
};

/// The loops, or null if `unit` has none.
const ThinKernels* thin_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const ThinKernels* thin_avx2();
const ThinKernels* thin_avx512();

}  // namespace assay
