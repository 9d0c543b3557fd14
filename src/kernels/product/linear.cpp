// SPDX-License-Identifier: Apache-2.0
#include "kernels/product/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "kernels/product/matrix_product_tensors.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;
using Bias = std::optional<at::Tensor>;

Bias given(const at::Tensor& bias) { return bias.defined() ? Bias(bias) : std::nullopt; }

// x Wᵀ + b, x [N,I], weight [O,I], bias [O], or a stack [S,…] of each. One node of the graph.
struct Linear : torch::autograd::Function<Linear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["biased"] = bias.has_value();
    return linear_forward(x, weight, bias.value_or(at::Tensor()));
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1];
    const bool biased = context->saved_data["biased"].toBool() && context->needs_input_grad(2);
    variable_list result(3);
    if (at::GradMode::is_enabled()) {
      // By operators whose gradients can be differentiated again.
      const auto& y = gradients[0];
      if (context->needs_input_grad(0)) result[0] = at::matmul(y, weight);
      if (context->needs_input_grad(1)) result[1] = at::matmul(y.transpose(-2, -1), x);
      if (biased) result[2] = y.sum(-2);
      return result;
    }
    const auto y = gradients[0].contiguous();
    if (context->needs_input_grad(0)) result[0] = linear_input_gradient(y, weight);
    if (context->needs_input_grad(1)) result[1] = linear_weight_gradient(y, x);
    if (biased) result[2] = linear_bias_gradient(y);
    return result;
  }
};

// Of one seed or of stacks, row by row in memory whatever they were: equal bits either way.
at::Tensor by_products(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  return Linear::apply(x.contiguous(), weight.contiguous(),
                       given(bias.defined() ? bias.contiguous() : bias));
}

at::Tensor linear_of_stacks(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (matrix_products_suit(x, weight, bias)) return by_products(x, weight, bias);
  const auto transposed = weight.transpose(1, 2);
  return bias.defined() ? at::baddbmm(bias.unsqueeze(1), x, transposed) : at::bmm(x, transposed);
}

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  if (x.dim() == 2 && (is_batched_over_seeds(x) || is_batched_over_seeds(weight))) {
    const auto xs = stack_over_seeds(x), weights = stack_over_seeds(weight),
               biases = bias.defined() ? stack_over_seeds(bias) : bias;
    const OutsideSeedBatch stacks;
    return batch_over_seeds(linear_of_stacks(xs, weights, biases));
  }
  // LibTorch lets nodes of our own into no batch, not even for what is the same for all seeds.
  const bool ours = seeds_in_batch() == 0 && matrix_products_suit(x, weight, bias);
  return ours ? by_products(x, weight, bias) : at::linear(x, weight, given(bias));
}

}  // namespace assay
