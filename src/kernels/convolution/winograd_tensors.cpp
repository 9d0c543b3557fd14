// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/winograd_tensors.h"

#include <array>
#include <vector>

#include "kernels/convolution/channels_last.h"
#include "kernels/convolution/winograd_convolution.h"

namespace assay {
namespace {

constexpr double kFewestTimesFewerProducts = 1.5;

// Taps a side of one phase.
int phase_taps(FilterShape shape) { return shape == FilterShape::k3x3 ? 3 : 2; }

const WinogradKernels& kernels_of(FilterShape shape) {
  const auto* kernels = winograd_kernels(phase_taps(shape), vector_unit());
  TORCH_CHECK(kernels != nullptr, "this processor has neither AVX2 nor AVX-512");
  return *kernels;
}

// Every `step`-th pixel of NHWC images: pixel (i, j) of the view is pixel (step·i + first_row, …).
PixelView every(const at::Tensor& images, std::int64_t step, std::int64_t first_row,
                std::int64_t first_column) {
  const std::int64_t channels = images.size(1), height = images.size(2), width = images.size(3);
  const auto begin = [&](std::int64_t first) { return first < 0 ? (step - 1 - first) / step : 0; };
  const auto end = [&](std::int64_t first, std::int64_t side) {
    return (side - first + step - 1) / step;
  };
  PixelView view;
  view.data = images.data_ptr<float>() + (first_row * width + first_column) * channels;
  view.image_stride = height * width * channels;
  view.row_stride = step * width * channels;
  view.column_stride = step * channels;
  view.row_begin = begin(first_row);
  view.row_end = end(first_row, height);
  view.column_begin = begin(first_column);
  view.column_end = end(first_column, width);
  return view;
}

TiledOutput output_of(const at::Tensor& y) {
  return {every(y, 1, 0, 0), y.size(0), y.size(2), y.size(3), y.size(1)};
}

// Every `step`-th tap of w [O,I,r,r] from (first_row, first_column) on.
FilterView taps_of(const at::Tensor& w, std::int64_t step, std::int64_t first_row,
                   std::int64_t first_column) {
  return {w.data_ptr<float>() + first_row * w.stride(2) + first_column * w.stride(3), w.stride(0),
          w.stride(1), step * w.stride(2), step * w.stride(3)};
}

// The same filters from outputs to inputs, `taps` taps a side in reverse order.
FilterView transposed(FilterView filter, std::int64_t taps) {
  filter.data += (taps - 1) * (filter.row_stride + filter.column_stride);
  return {filter.data, filter.in_stride, filter.out_stride, -filter.row_stride,
          -filter.column_stride};
}

// What y_i = Σ_u w_u s_{i+u} reads for the padding 1: s_j = x_{j−1} (stride 1), or for phase p of
// stride 2, where w_{2u+p} meets x_{2(i+u)+p−1}, s_j = x_{2j+p−1}.
std::vector<Phase> phases_of(FilterShape shape, const at::Tensor& x, const at::Tensor& w) {
  if (shape == FilterShape::k3x3) return {{every(x, 1, -1, -1), taps_of(w, 1, 0, 0)}};
  std::vector<Phase> phases;
  for (std::int64_t p = 0; p < 2; ++p) {
    for (std::int64_t q = 0; q < 2; ++q) {
      phases.push_back({every(x, 2, p - 1, q - 1), taps_of(w, 2, p, q)});
    }
  }
  return phases;
}

at::Tensor transposed_3x3(const at::Tensor& y, const at::Tensor& w) {
  auto x = empty_channels_last({y.size(0), w.size(1), y.size(2), y.size(3)}, y);
  const std::array phases = {Phase{every(y, 1, -1, -1), transposed(taps_of(w, 1, 0, 0), 3)}};
  winograd_correlate(kernels_of(FilterShape::k3x3), phases, y.size(1), nullptr, output_of(x));
  return x;
}

// Phase p of x: x_{2j+p−1} = Σ_u w_{2u+p} y_{j−u}, from the first j that exists (1 for p = 0).
at::Tensor transposed_4x4(const at::Tensor& y, const at::Tensor& w) {
  auto x = empty_channels_last({y.size(0), w.size(1), 2 * y.size(2), 2 * y.size(3)}, y);
  for (std::int64_t p = 0; p < 2; ++p) {
    for (std::int64_t q = 0; q < 2; ++q) {
      const std::array phases = {Phase{every(y, 1, -p, -q), transposed(taps_of(w, 2, p, q), 2)}};
      TiledOutput out = output_of(x);
      out.pixels = every(x, 2, 1 - p, 1 - q);
      out.rows = y.size(2);
      out.columns = y.size(3);
      winograd_correlate(kernels_of(FilterShape::k4x4Stride2), phases, y.size(1), nullptr, out);
    }
  }
  return x;
}

}  // namespace

bool winograd_suits(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  if (shape == FilterShape::k1x1) return false;
  if (winograd_kernels(phase_taps(shape), vector_unit()) == nullptr) return false;
  const std::int64_t stride = stride_of(shape);
  const std::int64_t height = x_sizes[2], width = x_sizes[3];
  if (x_sizes[0] == 0 || x_sizes[1] % kWinogradChannels != 0 ||
      out_channels % kWinogradChannels != 0 || height % stride != 0 || width % stride != 0) {
    return false;
  }
  const std::int64_t rows = height / stride, columns = width / stride;
  const std::int64_t tiles = ((rows + 3) / 4) * ((columns + 3) / 4);
  const std::int64_t points = phase_taps(shape) + 3, taps = stride * phase_taps(shape);
  const double direct = static_cast<double>(taps * taps * rows * columns);
  const double products = static_cast<double>(stride * stride * points * points * tiles);
  return tiles > 0 && direct >= kFewestTimesFewerProducts * products;
}

at::Tensor winograd_forward(FilterShape shape, const at::Tensor& x_in, const at::Tensor& w,
                            const at::Tensor& bias) {
  const auto x = channels_last(x_in);
  const std::int64_t stride = stride_of(shape);
  auto y = empty_channels_last({x.size(0), w.size(0), x.size(2) / stride, x.size(3) / stride}, x);
  const auto shift = bias.defined() ? bias.contiguous() : bias;
  winograd_correlate(kernels_of(shape), phases_of(shape, x, w), x.size(1),
                     bias.defined() ? shift.data_ptr<float>() : nullptr, output_of(y));
  return y;
}

at::Tensor winograd_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w) {
  const auto images = channels_last(y);
  return shape == FilterShape::k3x3 ? transposed_3x3(images, w) : transposed_4x4(images, w);
}

at::Tensor winograd_filter_gradient(FilterShape shape, const at::Tensor& x_in,
                                    const at::Tensor& y_in) {
  const auto x = channels_last(x_in), y = channels_last(y_in);
  const std::int64_t side = stride_of(shape) + 2;
  auto w = at::empty({y.size(1), x.size(1), side, side}, x.options());
  winograd_filter_gradient(kernels_of(shape), phases_of(shape, x, w), x.size(1), output_of(y));
  return w;
}

}  // namespace assay
