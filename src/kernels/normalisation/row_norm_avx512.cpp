// SPDX-License-Identifier: Apache-2.0
#include "kernels/normalisation/row_norm_loops.h"

namespace assay {

const RowNormKernels* row_norm_avx512() { return &kRowNorm; }

}  // namespace assay
