// SPDX-License-Identifier: Apache-2.0
#include "kernels/pointwise/bias_activation_cuda.h"

namespace assay {
namespace {

constexpr int kThreads = 256;

// The sign is that of `signs`, or of the sum itself if there are none.
template <class T>
__global__ void numbers(BiasActivationOnCuda<T> of, const T* signs, const T* in, T* out) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= of.count) return;
  const T shift = of.bias == nullptr ? T(0) : of.bias[i / of.run % of.channels];
  const T sum = in[i] + shift;
  const T sign = signs == nullptr ? sum : signs[i];
  out[i] = sum * (sign > T(0) ? of.gain : of.slope * of.gain);
}

template <class T>
cudaError_t launch(const BiasActivationOnCuda<T>& of, const T* signs, const T* in, T* out,
                   cudaStream_t stream) {
  const auto blocks = static_cast<unsigned>((of.count + kThreads - 1) / kThreads);
  numbers<<<blocks, kThreads, 0, stream>>>(of, signs, in, out);
  return cudaGetLastError();
}

}  // namespace

template <class T>
cudaError_t bias_activation_forward(const BiasActivationOnCuda<T>& of, const T* x, T* y,
                                    cudaStream_t stream) {
  return launch<T>(of, nullptr, x, y, stream);
}

template <class T>
cudaError_t bias_activation_masked(const BiasActivationOnCuda<T>& of, const T* y, const T* in,
                                   T* out, cudaStream_t stream) {
  return launch<T>(of, y, in, out, stream);
}

template cudaError_t bias_activation_forward(const BiasActivationOnCuda<float>&, const float*,
                                             float*, cudaStream_t);
template cudaError_t bias_activation_forward(const BiasActivationOnCuda<double>&, const double*,
                                             double*, cudaStream_t);
template cudaError_t bias_activation_masked(const BiasActivationOnCuda<float>&, const float*,
                                            const float*, float*, cudaStream_t);
template cudaError_t bias_activation_masked(const BiasActivationOnCuda<double>&, const double*,
                                            const double*, double*, cudaStream_t);

}  // namespace assay
