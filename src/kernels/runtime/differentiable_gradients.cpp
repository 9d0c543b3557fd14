// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/differentiable_gradients.h"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>

namespace assay {

using torch::autograd::variable_list;

variable_list differentiable_gradients(const std::function<at::Tensor(const variable_list&)>& of,
                                       const variable_list& inputs, const at::Tensor& gradient,
                                       std::size_t count) {
  // Views, where the search for gradients ends: behind an input itself lies what it was computed
  // from, perhaps other inputs.
  variable_list views, wanted;
  for (const auto& input : inputs) {
    views.push_back(input.defined() ? input.view_as(input) : at::Tensor());
    if (input.defined() && input.requires_grad()) wanted.push_back(views.back());
  }
  const auto found = torch::autograd::grad({of(views)}, wanted, {gradient}, true, true);
  variable_list result(count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].defined() && inputs[i].requires_grad()) result[i] = found[next++];
  }
  return result;
}

}  // namespace assay
