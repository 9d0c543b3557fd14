// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

#include "kernels/convolution/upfirdn2d_kernels.h"

namespace assay {

/// y of `images` images, all in the device's memory, by a kernel of its own on `stream`; see
/// UpFirDnKernels. Images in planes are images of one channel. T: float or double.
template <class T>
cudaError_t upfirdn2d_on_cuda(const UpFirDnShape& shape, std::int64_t images, const T* filter,
                              const T* x, T* y, cudaStream_t stream);

}  // namespace assay
