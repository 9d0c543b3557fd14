// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/batch_likeness_loops.h"

namespace assay {

const LikenessKernels* likeness_avx2() { return &kLikeness<8>; }

}  // namespace assay
