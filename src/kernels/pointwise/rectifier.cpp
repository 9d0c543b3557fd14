// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/rectifier.h"

namespace assay {

const RectifierKernels* rectifier_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return rectifier_avx512();
  return unit == VectorUnit::kAvx2 ? rectifier_avx2() : nullptr;
}

}  // namespace assay
