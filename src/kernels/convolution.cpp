// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution.h"

#include <ATen/ATen.h>

#include <array>
#include <optional>

#include "kernels/convolution_operators.h"
#include "kernels/seed_batch.h"

namespace assay {
namespace {

thread_local ConvolutionMode current_mode = ConvolutionMode::kExact;

std::optional<FilterShape> filter_of(const at::Tensor& weight, const ConvolutionOptions& options) {
  if (options.padding != 1 || weight.size(2) != weight.size(3)) return std::nullopt;
  if (weight.size(2) == 3 && options.stride == 1) return FilterShape::k3x3;
  if (weight.size(2) == 4 && options.stride == 2) return FilterShape::k4x4Stride2;
  return std::nullopt;
}

// The filter whose kernels take a convolution from images of `x_sizes`, if any do.
std::optional<FilterShape> fast_filter_for(const at::Tensor& images, const at::Tensor& weight,
                                           at::IntArrayRef x_sizes,
                                           const ConvolutionOptions& options) {
  const bool plain = images.device().is_cpu() && images.scalar_type() == at::kFloat &&
                     weight.scalar_type() == at::kFloat && images.dim() == 4;
  if (current_mode != ConvolutionMode::kWinograd || !plain) return std::nullopt;
  const auto filter = filter_of(weight, options);
  if (!filter || !fast_kernels_suit(*filter, x_sizes, weight.size(0))) return std::nullopt;
  return filter;
}

std::optional<at::Tensor> optional_bias(const at::Tensor& bias) {
  return bias.defined() ? std::optional(bias) : std::nullopt;
}

bool is_pixelwise(const at::Tensor& x, const at::Tensor& weight,
                  const ConvolutionOptions& options) {
  return current_mode == ConvolutionMode::kWinograd && x.device().is_cpu() && x.dim() == 4 &&
         weight.size(2) == 1 && weight.size(3) == 1 && options.stride == 1 && options.padding == 0;
}

// A 1×1 convolution is one product of matrices [N·H·W,I]·[I,O] in channels-last order, which takes
// BLAS half the time of a convolution.
at::Tensor pixelwise(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto pixels = x.contiguous(at::MemoryFormat::ChannelsLast).permute({0, 2, 3, 1});
  const auto matrix = weight.reshape({weight.size(0), weight.size(1)});
  return at::linear(pixels, matrix, optional_bias(bias)).permute({0, 3, 1, 2});
}

// One order throughout: the next layer's kernels want it.
at::Tensor in_order(const at::Tensor& images) {
  const bool reorder =
      current_mode == ConvolutionMode::kWinograd && images.dim() == 4 && images.device().is_cpu();
  return reorder ? images.contiguous(at::MemoryFormat::ChannelsLast) : images;
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
  if (const auto filter = fast_filter_for(x, weight, x.sizes(), options)) {
    return fast_forward(*filter, x, weight, bias);
  }
  if (is_pixelwise(x, weight, options)) return pixelwise(x, weight, bias);
  return in_order(at::conv2d(x, weight, optional_bias(bias), options.stride, options.padding));
}

at::Tensor transposed_convolution(const at::Tensor& y, const at::Tensor& weight,
                                  const at::Tensor& bias, const ConvolutionOptions& options) {
  if (is_batched_over_seeds(y) || is_batched_over_seeds(weight)) {
    return for_each_seed({y, weight, bias}, [&](const auto& t) {
      return transposed_convolution(t[0], t[1], t[2], options);
    });
  }
  if (y.dim() == 4) {
    const std::array<std::int64_t, 4> x_sizes = {
        y.size(0), weight.size(1), options.stride * y.size(2), options.stride * y.size(3)};
    if (const auto filter = fast_filter_for(y, weight, x_sizes, options)) {
      const auto x = fast_transposed(*filter, y, weight);
      return bias.defined() ? x + bias.view({1, -1, 1, 1}) : x;
    }
  }
  return in_order(
      at::conv_transpose2d(y, weight, optional_bias(bias), options.stride, options.padding));
}

}  // namespace assay
