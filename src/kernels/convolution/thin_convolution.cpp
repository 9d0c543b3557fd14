// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/thin_convolution.h"

namespace assay {

const ThinKernels* thin_kernels(VectorUnit unit) {
  switch (unit) {
    case VectorUnit::kAvx512:
      return thin_avx512();
    case VectorUnit::kAvx2:
      return thin_avx2();
    case VectorUnit::kNone:
      break;
  }
  return nullptr;
}

}  // namespace assay
