// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <functional>
#include <vector>

namespace assay {

using Scalar = std::function<at::Tensor(const std::vector<at::Tensor>&)>;

/// Compares the inputs' gradients with central differences in f64 of `exact`, a scalar, along one
/// random direction for each input. A derivative along N(0,I) is of the size of the gradient's
/// norm, of which the f32 kernels keep `tolerance`.
inline void expect_finite_differences(const Scalar& exact, const std::vector<at::Tensor>& inputs,
                                      double tolerance = 1e-4) {
  constexpr double kStep = 1e-5;
  auto generator = at::globalContext().defaultGenerator(at::kCPU).clone();
  generator.set_current_seed(11);
  std::vector<at::Tensor> wide;
  for (const auto& input : inputs) wide.push_back(input.detach().to(at::kDouble));
  for (std::size_t i = 0; i < wide.size(); ++i) {
    const auto middle = wide[i];
    const auto direction = at::randn(middle.sizes(), generator, middle.options());
    wide[i] = middle + kStep * direction;
    const double above = exact(wide).item<double>();
    wide[i] = middle - kStep * direction;
    const double below = exact(wide).item<double>();
    wide[i] = middle;
    const auto gradient = inputs[i].grad().to(at::kDouble);
    EXPECT_NEAR((gradient * direction).sum().item<double>(), (above - below) / (2.0 * kStep),
                tolerance * gradient.norm().item<double>())
        << "input " << i;
  }
}

}  // namespace assay
