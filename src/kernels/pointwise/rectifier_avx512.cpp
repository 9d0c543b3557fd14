// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/rectifier_loops.h"

namespace assay {

const RectifierKernels* rectifier_avx512() { return &kRectifier; }

}  // namespace assay
