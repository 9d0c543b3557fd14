// SPDX-License-Identifier: Apache-2.0
#include "kernels/linear.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/custom_function.h>

#include <optional>

#include "kernels/seed_batch.h"

namespace assay {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// Products whose result has so few columns take MKL up to seven times as long as transposed ones.
constexpr std::int64_t kThin = 16;

at::Tensor column_major(const at::Tensor& matrices) {
  return matrices.transpose(1, 2).contiguous().transpose(1, 2);
}

// Stacks: x [S,N,I], weight [S,O,I], bias [S,O]. One node of the graph instead of four.
struct StackedLinear : torch::autograd::Function<StackedLinear> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& x, const at::Tensor& weight,
                            const std::optional<at::Tensor>& bias) {
    context->save_for_backward({x, weight});
    context->saved_data["biased"] = bias.has_value();
    const auto w = weight.transpose(1, 2);
    return bias ? at::baddbmm(bias->unsqueeze(1), x, w) : at::bmm(x, w);
  }

  static variable_list backward(AutogradContext* context, variable_list gradients) {
    const auto saved = context->get_saved_variables();
    const auto &x = saved[0], &weight = saved[1], &gradient = gradients[0];
    const bool biased = context->saved_data["biased"].toBool();
    variable_list result(3);
    const bool thin = weight.size(2) < kThin && weight.size(2) < weight.size(1);
    if (context->needs_input_grad(0)) {
      result[0] = at::bmm(gradient, thin ? column_major(weight) : weight);
    }
    if (context->needs_input_grad(1)) {
      result[1] = thin ? at::bmm(x.transpose(1, 2), gradient).transpose(1, 2).contiguous()
                       : at::bmm(gradient.transpose(1, 2), x);
    }
    if (biased && context->needs_input_grad(2)) result[2] = gradient.sum(1);
    return result;
  }
};

}  // namespace

at::Tensor linear(const at::Tensor& x, const at::Tensor& weight, const at::Tensor& bias) {
  const auto given = bias.defined() ? std::optional(bias) : std::nullopt;
  const bool batched = is_batched_over_seeds(x) || is_batched_over_seeds(weight);
  if (!batched || x.dim() != 2) return at::linear(x, weight, given);
  const auto xs = stack_over_seeds(x), weights = stack_over_seeds(weight);
  const auto biases = given ? std::optional(stack_over_seeds(bias)) : std::nullopt;
  const OutsideSeedBatch stacks;
  return batch_over_seeds(StackedLinear::apply(xs, weights, biases));
}

}  // namespace assay
