// SPDX-License-Identifier: Apache-2.0
#include "kernels/convolution_operators.h"

#include <torch/csrc/autograd/custom_function.h>

#include <array>
#include <optional>

#include "kernels/thin_tensors.h"
#include "kernels/winograd_tensors.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

using Bias = std::optional<at::Tensor>;

std::array<std::int64_t, 4> x_sizes(FilterShape filter, const at::Tensor& y, const at::Tensor& w) {
  return {y.size(0), w.size(1), stride_of(filter) * y.size(2), stride_of(filter) * y.size(3)};
}

FilterShape saved_filter(AutogradContext* context) {
  return static_cast<FilterShape>(context->saved_data["filter"].toInt());
}

void save(AutogradContext* context, FilterShape filter, const at::Tensor& a, const at::Tensor& b) {
  context->saved_data["filter"] = static_cast<std::int64_t>(filter);
  context->save_for_backward({a, b});
}

struct Forward : torch::autograd::Function<Forward> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& w,
                            const Bias& bias, FilterShape filter) {
    save(context, filter, x, w);
    context->saved_data["bias"] = bias.has_value();
    const auto shift = bias.value_or(at::Tensor());
    const bool thin = thin_suits(filter, x.sizes(), w.size(0));
    return thin ? thin_forward(filter, x, w, shift) : winograd_forward(filter, x, w, shift);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto filter = saved_filter(context);
    const auto saved = context->get_saved_variables();
    const auto& y = gradients[0];
    variable_list result(4);
    if (context->needs_input_grad(0)) result[0] = fast_transposed(filter, y, saved[1]);
    if (context->needs_input_grad(1)) result[1] = fast_filter_gradient(filter, saved[0], y);
    const bool bias = context->saved_data["bias"].toBool();
    if (bias && context->needs_input_grad(2)) result[2] = y.sum({0, 2, 3});
    return result;
  }
};

struct Transposed : torch::autograd::Function<Transposed> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& y, const at::Tensor& w,
                            FilterShape filter) {
    save(context, filter, y, w);
    const bool thin = thin_suits(filter, x_sizes(filter, y, w), w.size(0));
    return thin ? thin_transposed(filter, y, w) : winograd_transposed(filter, y, w);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto filter = saved_filter(context);
    const auto saved = context->get_saved_variables();
    const auto& x = gradients[0];
    variable_list result(3);
    if (context->needs_input_grad(0)) result[0] = fast_forward(filter, x, saved[1], {});
    if (context->needs_input_grad(1)) result[1] = fast_filter_gradient(filter, x, saved[0]);
    return result;
  }
};

struct Filter : torch::autograd::Function<Filter> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& y,
                            FilterShape filter) {
    save(context, filter, x, y);
    const bool thin = thin_suits(filter, x.sizes(), y.size(1));
    return thin ? thin_filter(filter, x, y) : winograd_filter(filter, x, y);
  }
  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto filter = saved_filter(context);
    const auto saved = context->get_saved_variables();
    const auto& w = gradients[0];
    variable_list result(3);
    if (context->needs_input_grad(0)) result[0] = fast_transposed(filter, saved[1], w);
    if (context->needs_input_grad(1)) result[1] = fast_forward(filter, saved[0], w, {});
    return result;
  }
};

}  // namespace

bool fast_kernels_suit(FilterShape filter, at::IntArrayRef x_sizes, std::int64_t out_channels) {
  return thin_suits(filter, x_sizes, out_channels) || winograd_suits(filter, x_sizes, out_channels);
}

at::Tensor fast_forward(FilterShape filter, const at::Tensor& x, const at::Tensor& w,
                        const at::Tensor& bias) {
  return Forward::apply(x, w, bias.defined() ? Bias(bias) : Bias(), filter);
}

at::Tensor fast_transposed(FilterShape filter, const at::Tensor& y, const at::Tensor& w) {
  return Transposed::apply(y, w, filter);
}

at::Tensor fast_filter_gradient(FilterShape filter, const at::Tensor& x, const at::Tensor& y) {
  return Filter::apply(x, y, filter);
}

}  // namespace assay
