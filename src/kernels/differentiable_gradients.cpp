// SPDX-License-Identifier: Apache-2.0
#include "kernels/differentiable_gradients.h"

#include <torch/csrc/autograd/autograd.h>

namespace assay {

using torch::autograd::variable_list;

variable_list differentiable_gradients(const at::Tensor& y, const variable_list& inputs,
                                       const at::Tensor& gradient, std::size_t count) {
  const auto wants = [](const at::Tensor& t) { return t.defined() && t.requires_grad(); };
  variable_list wanted;
  for (const auto& input : inputs) {
    if (wants(input)) wanted.push_back(input);
  }
  const auto found = torch::autograd::grad({y}, wanted, {gradient}, true, true);
  variable_list result(count);
  std::size_t next = 0;
  for (std::size_t i = 0; i < inputs.size(); ++i) {
    if (wants(inputs[i])) result[i] = found[next++];
  }
  return result;
}

}  // namespace assay
