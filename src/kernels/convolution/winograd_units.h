// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "kernels/convolution/winograd.h"

namespace assay {

// Each from a file compiled for its vector unit alone; taps is 2 or 3.
const WinogradKernels* winograd_avx2(int taps);
const WinogradKernels* winograd_avx512(int taps);

}  // namespace assay
