// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/matrix_product_loops.h"

namespace assay {

const MatrixKernels* matrix_kernels_avx2() { return &MatrixProductLoops<8>::kKernels; }

}  // namespace assay
