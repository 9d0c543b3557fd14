// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/winograd_tiles.h"
#include "kernels/convolution/winograd_units.h"

namespace assay {

const WinogradKernels* winograd_avx512(int taps) {
  return taps == 3 ? &Tiles<FourByThree, 16>::kKernels : &Tiles<FourByTwo, 16>::kKernels;
}

}  // namespace assay
