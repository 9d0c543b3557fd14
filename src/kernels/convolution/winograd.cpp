// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/winograd.h"

#include "kernels/convolution/winograd_units.h"

namespace assay {

const WinogradKernels* winograd_kernels(int taps, VectorUnit unit) {
  switch (unit) {
    case VectorUnit::kAvx512:
      return winograd_avx512(taps);
    case VectorUnit::kAvx2:
      return winograd_avx2(taps);
    case VectorUnit::kNone:
      break;
  }
  return nullptr;
}

}  // namespace assay
