// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/group_norm_loops.h"

namespace assay {

const GroupNormKernels* group_norm_avx512() { return &kKernels; }

}  // namespace assay
