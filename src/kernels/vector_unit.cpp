// SPDX-License-Identifier: Apache-2.0
#include "kernels/vector_unit.h"

namespace assay {

VectorUnit vector_unit() {
  if (__builtin_cpu_supports("avx512f") != 0) return VectorUnit::kAvx512;
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return avx2 ? VectorUnit::kAvx2 : VectorUnit::kNone;
}

std::string_view vector_unit_name(VectorUnit unit) {
  switch (unit) {
    case VectorUnit::kAvx512:
      return "avx512";
    case VectorUnit::kAvx2:
      return "avx2";
    case VectorUnit::kNone:
      break;
  }
  return "none";
}

}  // namespace assay
