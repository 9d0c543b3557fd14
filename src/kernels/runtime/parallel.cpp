// SPDX-License-Identifier: Apache-2.0
// Compiled with -fopenmp, without which the pragma is ignored; at::set_num_threads sets OpenMP's
// count.
#include "kernels/runtime/parallel.h"

namespace assay {

void parallel_for(std::int64_t count, const std::function<void(std::int64_t)>& work) {
#ifdef _OPENMP
#pragma omp parallel for schedule(static) if (count > 1)
#endif
  for (std::int64_t i = 0; i < count; ++i) work(i);
}

}  // namespace assay
