// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/winograd_tiles.h"
#include "kernels/convolution/winograd_units.h"

namespace assay {

const WinogradKernels* winograd_avx2(int taps) {
  return taps == 3 ? &Tiles<FourByThree, 8>::kKernels : &Tiles<FourByTwo, 8>::kKernels;
}

}  // namespace assay
