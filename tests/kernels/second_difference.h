// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <functional>
#include <vector>

namespace assay {

using Operator = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

namespace differences {

inline double sum_of(const std::vector<at::Tensor>& values, const std::vector<at::Tensor>& along) {
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (values[i].defined()) sum += (values[i].detach() * along[i]).sum().item<double>();
  }
  return sum;
}

inline std::vector<at::Tensor> leaves(const std::vector<at::Tensor>& at,
                                      const std::vector<at::Tensor>& along, double step) {
  std::vector<at::Tensor> moved;
  for (std::size_t i = 0; i < at.size(); ++i) {
    moved.push_back((at[i] + step * along[i]).detach().requires_grad_());
  }
  return moved;
}

}  // namespace differences

/// First and second derivatives of an operator on f64 tensors against central differences of the
/// operator itself and of its own first derivatives, along random directions through all inputs at
/// once. Its inputs and the gradient g that enters backward both move, so that what backward does
/// with each is seen. Kinks must not lie within 1e-6 of an input.
inline void expect_first_and_second_differences(const Operator& of,
                                                const std::vector<at::Tensor>& inputs) {
  constexpr double kStep = 1e-6;
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(13);
  const auto like = [&](const at::Tensor& t) {
    return at::randn(t.sizes(), generator, at::kDouble).to(t.device());
  };
  std::vector<at::Tensor> along, still;
  for (const auto& input : inputs) along.push_back(like(input)), still.push_back(input * 0.0);
  // Last among the variables: g.
  auto at = inputs;
  at.push_back(like(of(inputs)));
  const auto along_g = like(at.back());
  const auto y_along_g = [&](double step) {
    return (of(differences::leaves(inputs, along, step)).detach() * at.back()).sum().item<double>();
  };
  const auto gradients = [&](const std::vector<at::Tensor>& variables, bool graph) {
    const std::vector<at::Tensor> of_inputs(variables.begin(), variables.end() - 1);
    return torch::autograd::grad({of(of_inputs)}, of_inputs, {variables.back()}, true, graph);
  };
  along.push_back(along_g), still.push_back(along_g * 0.0);
  const auto middle = differences::leaves(at, still, 0.0);
  const auto first = gradients(middle, true);
  const double slope = differences::sum_of(first, along);
  const double difference = (y_along_g(kStep) - y_along_g(-kStep)) / (2.0 * kStep);
  EXPECT_NEAR(slope, difference, 1e-7 * (1.0 + std::abs(difference))) << "first derivative";

  std::vector<at::Tensor> weights;
  at::Tensor weighed = at::zeros({}, middle[0].options());
  for (const auto& gradient : first) {
    weights.push_back(like(gradient));
    weighed = weighed + (gradient * weights.back()).sum();
  }
  const auto second = torch::autograd::grad({weighed}, middle, {}, false, false, true);
  const auto first_at = [&](double step) {
    return differences::sum_of(gradients(differences::leaves(at, along, step), false), weights);
  };
  const double curvature = (first_at(kStep) - first_at(-kStep)) / (2.0 * kStep);
  EXPECT_NEAR(differences::sum_of(second, along), curvature, 1e-7 * (1.0 + std::abs(curvature)))
      << "second derivative";
}

}  // namespace assay
