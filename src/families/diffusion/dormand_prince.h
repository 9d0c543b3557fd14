// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <functional>

namespace assay {

/// dx/dt of examples x [N,…] at times t [N] f64; `index` [N] i64: which of all examples they are.
using Slope = std::function<torch::Tensor(const torch::Tensor& x, const torch::Tensor& t,
                                          const torch::Tensor& index)>;

/// x(to) of dx/dt = slope from x(from) = x: the pair of Runge-Kutta methods of orders 5 and 4 of
/// Dormand & Prince 1980 with steps of each example's own, so that none depends on what it is
/// solved with. A step is taken if the root of the mean square of its error over
/// tolerance · (1 + |x|) is 1 or less. `to` may be on either side. Throws c10::Error if the
/// solution is not finite.
torch::Tensor solve_ode(const Slope& slope, const torch::Tensor& x, double from, double to,
                        double tolerance);

}  // namespace assay
