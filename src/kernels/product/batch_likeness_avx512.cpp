// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/batch_likeness_loops.h"

namespace assay {

const LikenessKernels* likeness_avx512() { return &kLikeness<16>; }

}  // namespace assay
