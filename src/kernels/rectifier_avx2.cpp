// SPDX-License-Identifier: Apache-2.0
#include "kernels/rectifier_loops.h"

namespace assay {

const RectifierKernels* rectifier_avx2() { return &kRectifier; }

}  // namespace assay
