// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/thin_convolution_loops.h"

namespace assay {

const ThinKernels* thin_avx2() { return &ThinLoops<8>::kKernels; }

}  // namespace assay
