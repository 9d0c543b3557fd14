// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace assay {

/// The widest vector instructions for which this room has kernels of its own.
enum class VectorUnit {
  kNone,   ///< none: LibTorch's operators do the work
  kAvx2,   ///< AVX2 with FMA: 8 floats
  kAvx512  ///< AVX-512 F: 16 floats
};

/// What this processor has.
VectorUnit vector_unit();

/// Whether LibTorch's BLAS computes with half of this processor's vectors: MKL keeps to 256 bits on
/// AMD's, which have 512 since Zen 5.
bool blas_uses_half_vectors();

/// "none", "avx2" or "avx512".
std::string_view vector_unit_name(VectorUnit unit);

}  // namespace assay
