// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution/convolution_operators.h"

#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <optional>

#include "kernels/convolution/pixelwise_tensors.h"
#include "kernels/convolution/thin_tensors.h"
#include "kernels/convolution/winograd_tensors.h"
#include "kernels/runtime/multiply_adds.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Bias = std::optional<at::Tensor>;

// The three without a graph.
struct Contractions {
  at::Tensor (*forward)(FilterShape, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias);
  at::Tensor (*transposed)(FilterShape, const at::Tensor& y, const at::Tensor& w);
  at::Tensor (*filter_gradient)(FilterShape, const at::Tensor& x, const at::Tensor& y);
};

constexpr Contractions kPixelwise = {pixelwise_forward, pixelwise_transposed,
                                     pixelwise_filter_gradient};
constexpr Contractions kThin = {thin_forward, thin_transposed, thin_filter_gradient};
constexpr Contractions kWinograd = {winograd_forward, winograd_transposed,
                                    winograd_filter_gradient};

const Contractions& contractions(FilterShape shape, at::IntArrayRef x_sizes,
                                 std::int64_t out_channels) {
  if (shape == FilterShape::k1x1) return kPixelwise;
  return thin_suits(shape, x_sizes, out_channels) ? kThin : kWinograd;
}

std::array<std::int64_t, 4> x_sizes(FilterShape shape, const at::Tensor& y, const at::Tensor& w) {
  return {y.size(0), w.size(1), stride_of(shape) * y.size(2), stride_of(shape) * y.size(3)};
}

// Each contraction multiplies every tap with every pixel of y, the smaller image: as a direct sum
// would, whatever the loops do.
void count_products(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  const std::int64_t stride = stride_of(shape);
  const std::int64_t taps = shape == FilterShape::k1x1 ? 1 : stride + 2;
  const std::int64_t pixels = x_sizes[0] * (x_sizes[2] / stride) * (x_sizes[3] / stride);
  count_multiply_adds(pixels * taps * taps * x_sizes[1] * out_channels);
}

FilterShape saved_shape(AutogradContext* context) {
  return static_cast<FilterShape>(context->saved_data["shape"].toInt());
}

void save(AutogradContext* context, FilterShape shape, const at::Tensor& a, const at::Tensor& b) {
  context->saved_data["shape"] = static_cast<std::int64_t>(shape);
  context->save_for_backward({a, b});
}

struct Forward : torch::autograd::Function<Forward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& w,
                            const Bias& bias, FilterShape shape) {
    save(context, shape, x, w);
    context->saved_data["bias"] = bias.has_value();
    count_products(shape, x.sizes(), w.size(0));
    const auto& by = contractions(shape, x.sizes(), w.size(0));
    return by.forward(shape, x, w, bias.value_or(at::Tensor()));
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto shape = saved_shape(context);
    const auto saved = context->get_saved_variables();
    const auto& y = gradients[0];
    variable_list result(4);
    if (context->needs_input_grad(0)) result[0] = fast_transposed(shape, y, saved[1]);
    if (context->needs_input_grad(1)) result[1] = fast_filter_gradient(shape, saved[0], y);
    const bool bias = context->saved_data["bias"].toBool();
    if (bias && context->needs_input_grad(2)) result[2] = y.sum({0, 2, 3});
    return result;
  }
};

struct Transposed : torch::autograd::Function<Transposed> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& w,
                            FilterShape shape) {
    save(context, shape, y, w);
    count_products(shape, x_sizes(shape, y, w), w.size(0));
    return contractions(shape, x_sizes(shape, y, w), w.size(0)).transposed(shape, y, w);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto shape = saved_shape(context);
    const auto saved = context->get_saved_variables();
    const auto& x = gradients[0];
    variable_list result(3);
    if (context->needs_input_grad(0)) result[0] = fast_forward(shape, x, saved[1], {});
    if (context->needs_input_grad(1)) result[1] = fast_filter_gradient(shape, x, saved[0]);
    return result;
  }
};

struct FilterGradient : torch::autograd::Function<FilterGradient> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& y,
                            FilterShape shape) {
    save(context, shape, x, y);
    count_products(shape, x.sizes(), y.size(1));
    return contractions(shape, x.sizes(), y.size(1)).filter_gradient(shape, x, y);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto shape = saved_shape(context);
    const auto saved = context->get_saved_variables();
    const auto& w = gradients[0];
    variable_list result(3);
    if (context->needs_input_grad(0)) result[0] = fast_transposed(shape, saved[1], w);
    if (context->needs_input_grad(1)) result[1] = fast_forward(shape, saved[0], w, {});
    return result;
  }
};

}  // namespace

bool fast_kernels_suit(FilterShape shape, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  if (shape == FilterShape::k1x1) return pixelwise_suits(x_sizes, out_channels);
  return thin_suits(shape, x_sizes, out_channels) || winograd_suits(shape, x_sizes, out_channels);
}

at::Tensor fast_forward(FilterShape shape, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias) {
  return Forward::apply(x, w, bias.defined() ? Bias(bias) : Bias(), shape);
}

at::Tensor fast_transposed(FilterShape shape, const at::Tensor& y, const at::Tensor& w) {
  return Transposed::apply(y, w, shape);
}

at::Tensor fast_filter_gradient(FilterShape shape, const at::Tensor& x, const at::Tensor& y) {
  return FilterGradient::apply(x, y, shape);
}

}  // namespace assay
