// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>

namespace assay {

/// Value of a smooth function at x; writes its gradient.
using SmoothFunction = std::function<double(const at::Tensor& x, at::Tensor& gradient)>;

struct LbfgsOptions {
  double gradient_tolerance = 1e-6;  ///< ends where no entry of the gradient is larger
  int most_steps = 5000;
  int memory = 10;  ///< pairs of steps and gradient changes
};

struct Minimum {
  at::Tensor x;
  int steps = 0;
  bool converged = false;  ///< false: most_steps are done, or no step lowers the function
};

/// Minimises a smooth function from `start` (f64, any shape) by the limited-memory BFGS method (Liu
/// & Nocedal 1989; Nocedal & Wright 2006, algorithms 7.4 and 7.5), with a bisecting line search for
/// the weak Wolfe conditions, c₁ = 10⁻⁴, c₂ = 0.9 (Lewis & Overton 2013, algorithm 2.6). Nothing is
/// drawn. torch::optim::LBFGS also ends where a step or the loss hardly changes, and does not say
/// whether it came to a minimum; a score may not rest on one that did not.
Minimum minimise_lbfgs(const SmoothFunction& function, const at::Tensor& start,
                       const LbfgsOptions& options);

}  // namespace assay
