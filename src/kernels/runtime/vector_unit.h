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

/// Whether this is AMD's Zen 5 or later, whose vectors have 512 bits.
bool is_zen_5_or_later();

/// "none", "avx2" or "avx512".
std::string_view vector_unit_name(VectorUnit unit);

}  // namespace assay
