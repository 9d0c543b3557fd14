// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/row_norm.h"

namespace assay {

const RowNormKernels* row_norm_kernels(VectorUnit unit) {
  if (unit == VectorUnit::kAvx512) return row_norm_avx512();
  return unit == VectorUnit::kAvx2 ? row_norm_avx2() : nullptr;
}

}  // namespace assay
