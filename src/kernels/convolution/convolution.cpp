// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/convolution.h"

#include <array>
#include <optional>

#include "kernels/convolution/channels_last.h"
#include "kernels/convolution/convolution_operators.h"
#include "kernels/runtime/f32_on_cpu.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

thread_local ConvolutionMode current_mode = ConvolutionMode::kExact;

bool is_pixelwise(const at::Tensor& weight, const ConvolutionOptions& options) {
  return weight.size(2) == 1 && weight.size(3) == 1 && options.stride == 1 && options.padding == 0;
}

std::optional<FilterShape> shape_of(const at::Tensor& weight, const ConvolutionOptions& options) {
  if (weight.size(2) != weight.size(3)) return std::nullopt;
  if (is_pixelwise(weight, options)) return FilterShape::k1x1;
  if (options.padding != 1) return std::nullopt;
  if (weight.size(2) == 3 && options.stride == 1) return FilterShape::k3x3;
  if (weight.size(2) == 4 && options.stride == 2) return FilterShape::k4x4Stride2;
  return std::nullopt;
}

bool is_plain(const at::Tensor& t, std::int64_t dimensions) {
  return is_f32_on_cpu(t) && t.dim() == dimensions;
}

bool is_bias_of(const at::Tensor& bias, std::int64_t channels) {
  return !bias.defined() || (is_plain(bias, 1) && bias.size(0) == channels);
}

// The shape of filter whose kernels take a convolution from images of `x_sizes`, if any do. What
// does not fit together is left to LibTorch, which says so.
std::optional<FilterShape> fast_shape(const at::Tensor& weight, at::IntArrayRef x_sizes,
                                      const ConvolutionOptions& options) {
  if (weight.size(1) != x_sizes[1]) return std::nullopt;
  const auto shape = shape_of(weight, options);
  if (!shape || !fast_kernels_suit(*shape, x_sizes, weight.size(0))) return std::nullopt;
  return shape;
}

// Whether the mode keeps these images in channels-last order.
bool is_ordered(const at::Tensor& images) {
  return current_mode == ConvolutionMode::kWinograd && images.device().is_cpu() &&
         images.dim() == 4;
}

bool may_be_fast(const at::Tensor& images, const at::Tensor& weight) {
  return is_ordered(images) && is_plain(images, 4) && is_plain(weight, 4);
}

std::optional<at::Tensor> optional_bias(const at::Tensor& bias) {
  return bias.defined() ? std::optional(bias) : std::nullopt;
}

// A 1×1 convolution is one product of matrices [N·H·W,I]·[I,O] in channels-last order, which takes
// BLAS half the time of a convolution.
at::Tensor pixelwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto pixels = channels_last(x).permute({0, 2, 3, 1});
  const auto matrix = weight.reshape({weight.size(0), weight.size(1)});
  return at::linear(pixels, matrix, optional_bias(bias)).permute({0, 3, 1, 2});
}

// One order throughout: the next layer's kernels want it.
at::Tensor in_order(const at::Tensor& images) {
  return is_ordered(images) ? channels_last(images) : images;
}

}  // namespace

ConvolutionModeScope::ConvolutionModeScope(ConvolutionMode mode) : before_(current_mode) {
  current_mode = mode;
}

ConvolutionModeScope::~ConvolutionModeScope() { current_mode = before_; }

at::Tensor convolution(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias,
                       const ConvolutionOptions& options) {
  if (is_batched_over_seeds(x) || is_batched_over_seeds(weight)) {
    return for_each_seed({x, weight, bias},
                         [&](const auto& t) { return convolution(t[0], t[1], t[2], options); });
  }
  if (may_be_fast(x, weight) && is_bias_of(bias, weight.size(0))) {
    const auto shape = fast_shape(weight, x.sizes(), options);
    if (shape) return fast_forward(*shape, x, weight, bias);
  }
  if (is_ordered(x) && is_pixelwise(weight, options)) return pixelwise(x, weight, bias);
  return in_order(at::conv2d(x, weight, optional_bias(bias), options.stride, options.padding));
}

at::Tensor transposed_convolution(const at::Tensor& y, const at::Tensor& weight,
                                  const at::Tensor& bias, const ConvolutionOptions& options) {
  if (is_batched_over_seeds(y) || is_batched_over_seeds(weight)) {
    return for_each_seed({y, weight, bias}, [&](const auto& t) {
      return transposed_convolution(t[0], t[1], t[2], options);
    });
  }
  const bool fits = may_be_fast(y, weight) && weight.size(0) == y.size(1);
  if (fits && is_bias_of(bias, weight.size(1))) {
    const std::array<std::int64_t, 4> x_sizes = {
        y.size(0), weight.size(1), options.stride * y.size(2), options.stride * y.size(3)};
    if (const auto shape = fast_shape(weight, x_sizes, options)) {
      const auto x = fast_transposed(*shape, y, weight);
      return bias.defined() ? x + bias.view({1, -1, 1, 1}) : x;
    }
  }
  return in_order(
      at::conv_transpose2d(y, weight, optional_bias(bias), options.stride, options.padding));
}

}  // namespace assay
