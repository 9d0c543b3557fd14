// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/rectifier_loops.h"

namespace assay {

const RectifierKernels* rectifier_avx2() { return &kRectifier; }

}  // namespace assay
