// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cuda_runtime_api.h>

#include <cstdint>

namespace assay {

/// What bias_activation does to `count` numbers in the device's memory; number i is of channel
/// i / run mod channels. m is gain where a number is positive and slope · gain elsewhere, gain > 0.
template <class T>
struct BiasActivationOnCuda {
  std::int64_t count = 0, run = 1, channels = 1;
  T gain = 1, slope = 1;
  const T* bias = nullptr;  ///< or null
};

/// y = m(x + bias) · (x + bias). T: float or double.
template <class T>
cudaError_t bias_activation_forward(const BiasActivationOnCuda<T>& of, const T* x, T* y,
                                    cudaStream_t stream);

/// out = m(y) · (in + bias).
template <class T>
cudaError_t bias_activation_masked(const BiasActivationOnCuda<T>& of, const T* y, const T* in,
                                   T* out, cudaStream_t stream);

}  // namespace assay
