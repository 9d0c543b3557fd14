// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bernoulli_loops.h"

namespace assay {

const BernoulliKernels* bernoulli_avx512() { return &kBernoulli; }

}  // namespace assay
