// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/rms_norm_loops.h"

namespace assay {

const RmsNormKernels* rms_norm_avx2() { return &kRmsNorm; }

}  // namespace assay
