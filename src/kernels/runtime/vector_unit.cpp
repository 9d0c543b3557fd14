// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/vector_unit.h"

#include <cpuid.h>

namespace assay {
namespace {

constexpr unsigned kZen5 = 0x1A;

// 0 for other makers' processors.
unsigned amd_family() {
  unsigned a = 0, b = 0, c = 0, d = 0;
  if (__get_cpuid(0, &a, &b, &c, &d) == 0 || b != signature_AMD_ebx || c != signature_AMD_ecx ||
      d != signature_AMD_edx) {
    return 0;
  }
  __get_cpuid(1, &a, &b, &c, &d);
  const unsigned base = (a >> 8) & 0xF, extended = (a >> 20) & 0xFF;
  return base == 0xF ? base + extended : base;
}

}  // namespace

VectorUnit vector_unit() {
  if (__builtin_cpu_supports("avx512f") != 0) return VectorUnit::kAvx512;
  const bool avx2 = __builtin_cpu_supports("avx2") != 0 && __builtin_cpu_supports("fma") != 0;
  return avx2 ? VectorUnit::kAvx2 : VectorUnit::kNone;
}

bool is_zen_5_or_later() {
  static const bool is = vector_unit() == VectorUnit::kAvx512 && amd_family() >= kZen5;
  return is;
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
