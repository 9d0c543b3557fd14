// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d_loops.h"

namespace assay {

template <>
const UpFirDnKernels<float>* upfirdn2d_avx2() {
  return &UpFirDnLoops<float, 32>::kKernels;
}

template <>
const UpFirDnKernels<double>* upfirdn2d_avx2() {
  return &UpFirDnLoops<double, 32>::kKernels;
}

}  // namespace assay
