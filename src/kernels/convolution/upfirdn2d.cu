// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/upfirdn2d_cuda.h"

namespace assay {
namespace {

constexpr int kThreads = 256;

// Of the upsampled coordinate q, the pixels [first, end) of x that taps of the filter meet.
struct Met {
  std::int64_t first, end;

  __device__ Met(std::int64_t q, std::int64_t up, std::int64_t taps, std::int64_t size) {
    const std::int64_t lowest = q - (taps - 1);
    first = lowest > 0 ? (lowest + up - 1) / up : 0;
    end = q >= 0 ? q / up + 1 : 0;
    if (end > size) end = size;
  }
};

// A thread for each number of y; neighbours read x beside each other, in either order of memory.
template <class T>
__global__ void pixels(UpFirDnShape s, std::int64_t count, const T* __restrict__ filter,
                       const T* __restrict__ x, T* __restrict__ y) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * kThreads + threadIdx.x;
  if (i >= count) return;
  const std::int64_t channel = i % s.channels, pixel = i / s.channels;
  const std::int64_t column = pixel % s.out_columns, line = pixel / s.out_columns;
  const std::int64_t row = line % s.out_rows, image = line / s.out_rows;
  const std::int64_t q_row = s.down * row + s.filter_rows - 1 - s.top;
  const std::int64_t q_column = s.down * column + s.filter_columns - 1 - s.left;
  const Met rows(q_row, s.up, s.filter_rows, s.rows);
  const Met columns(q_column, s.up, s.filter_columns, s.columns);
  T sum = 0;
  for (std::int64_t r = rows.first; r < rows.end; ++r) {
    const T* taps = filter + (q_row - s.up * r) * s.filter_columns;
    const T* from = x + ((image * s.rows + r) * s.columns) * s.channels + channel;
    for (std::int64_t c = columns.first; c < columns.end; ++c) {
      sum += taps[q_column - s.up * c] * from[c * s.channels];
    }
  }
  y[i] = sum;
}

}  // namespace

template <class T>
cudaError_t upfirdn2d_on_cuda(const UpFirDnShape& shape, std::int64_t images, const T* filter,
                              const T* x, T* y, cudaStream_t stream) {
  const std::int64_t count = images * shape.out_rows * shape.out_columns * shape.channels;
  const auto blocks = static_cast<unsigned>((count + kThreads - 1) / kThreads);
  pixels<<<blocks, kThreads, 0, stream>>>(shape, count, filter, x, y);
  return cudaGetLastError();
}

template cudaError_t upfirdn2d_on_cuda(const UpFirDnShape&, std::int64_t, const float*,
                                       const float*, float*, cudaStream_t);
template cudaError_t upfirdn2d_on_cuda(const UpFirDnShape&, std::int64_t, const double*,
                                       const double*, double*, cudaStream_t);

}  // namespace assay
