// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/thin_convolution_loops.h"

namespace assay {

const ThinKernels* thin_avx512() { return &ThinLoops<16>::kKernels; }

}  // namespace assay
