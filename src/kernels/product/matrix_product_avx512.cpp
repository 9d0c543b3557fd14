// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/matrix_product_loops.h"

namespace assay {

const MatrixKernels* matrix_kernels_avx512() { return &MatrixProductLoops<16>::kKernels; }

}  // namespace assay
