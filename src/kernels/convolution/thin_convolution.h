// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "kernels/runtime/vector_unit.h"

namespace assay {

/// Convolutions between images f of few channels (grey, RGB) and m of many, as at both ends of an
/// image model, by direct sums over vectors of the many:
///   T(f, w, m) = Σ_{ij} Σ_{uv} Σ_{cC} f[si + u − 1, sj + v − 1, c] w[u, v, c, C] m[i, j, C]
/// with s + 2 taps a side, stride s (1 or 2) and padding 1. Each loop is ∂T by one argument. Images
/// are NHWC, f has s·rows × s·columns pixels; filters are [s+2,s+2,few,many].
struct ThinShape {
  std::int64_t images = 0;
  std::int64_t rows = 0, columns = 0;  ///< of m
  std::int64_t few = 0;                ///< channels of f: 1 to kMostFewChannels
  std::int64_t many = 0;               ///< channels of m: a multiple of kManyChannels
  std::int64_t stride = 0;

  std::int64_t taps() const { return stride + 2; }
};

inline constexpr std::int64_t kMostFewChannels = 4;
inline constexpr std::int64_t kManyChannels = 16;  ///< m's are read and written so many at a time

/// T's arguments in memory, and a bias [many] or null. A loop writes one of them and reads the
/// others.
struct ThinArguments {
  float* f = nullptr;
  float* w = nullptr;
  float* m = nullptr;
  const float* bias = nullptr;
};

/// The loops for one vector unit.
struct ThinKernels {
  /// m of one image: ∂T/∂m + bias. f has a border of one zero pixel.
  void (*expand)(const ThinShape& shape, const ThinArguments& arguments, std::int64_t image);
  /// f of one image, without a border: ∂T/∂f.
  void (*contract)(const ThinShape& shape, const ThinArguments& arguments, std::int64_t image);
  /// w for 16 of the many channels from `channel` on: ∂T/∂w, one sum for each image, added in
  /// order. f has a border of one zero pixel.
  void (*filter_gradient)(const ThinShape& shape, const ThinArguments& arguments,
                          std::int64_t channel);
};

/// The loops, or null if `unit` has none.
const ThinKernels* thin_kernels(VectorUnit unit);

// Each from a file compiled for its vector unit alone.
const ThinKernels* thin_avx2();
const ThinKernels* thin_avx512();

}  // namespace assay
