// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation_loops.h"

namespace assay {

template <>
const BiasActivationKernels<float>* bias_activation_avx512() {
  return &BiasActivationLoops<float>::kKernels;
}

template <>
const BiasActivationKernels<double>* bias_activation_avx512() {
  return &BiasActivationLoops<double>::kKernels;
}

}  // namespace assay
