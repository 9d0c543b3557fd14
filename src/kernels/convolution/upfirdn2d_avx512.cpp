// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d_loops.h"

namespace assay {

template <>
const UpFirDnKernels<float>* upfirdn2d_avx512() {
  return &UpFirDnLoops<float, 64>::kKernels;
}

template <>
const UpFirDnKernels<double>* upfirdn2d_avx512() {
  return &UpFirDnLoops<double, 64>::kKernels;
}

}  // namespace assay
