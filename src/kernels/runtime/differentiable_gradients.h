// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/csrc/autograd/variable.h>

#include <cstddef>
#include <functional>

namespace assay {

/// The gradients of y = of(inputs) by those inputs that want one, with a graph so that they can be
/// differentiated again: what a fused operator's backward returns under create_graph, y recomputed
/// by plain operators. An input may be undefined; one that was computed from another counts as
/// given, as it does for the fused operator. Returns `count` entries, inputs first.
torch::autograd::variable_list differentiable_gradients(
    const std::function<at::Tensor(const torch::autograd::variable_list&)>& of,
    const torch::autograd::variable_list& inputs, const at::Tensor& gradient, std::size_t count);

}  // namespace assay
