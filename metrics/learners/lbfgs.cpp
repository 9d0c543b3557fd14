// SPDX-License-Identifier: Apache-2.0
#include "metrics/learners/lbfgs.h"

#include <ATen/ATen.h>

#include <cmath>
#include <deque>
#include <limits>
#include <utility>
#include <vector>

namespace assay {
namespace {

double inner_product(const at::Tensor& a, const at::Tensor& b) {
  return (a * b).sum().item<double>();
}

struct Point {
  at::Tensor x, gradient;
  double value = 0.0;
};

// s = x' − x and y = g' − g of a step.
struct Change {
  at::Tensor s, y;
  double rho = 0.0;  // 1 / sᵀy
};

// −H g by the two-loop recursion.
at::Tensor direction(const std::deque<Change>& memory, const at::Tensor& gradient) {
  auto q = -gradient;
  std::vector<double> alpha(memory.size());
  for (std::size_t i = memory.size(); i-- > 0;) {
    alpha[i] = memory[i].rho * inner_product(memory[i].s, q);
    q = q - alpha[i] * memory[i].y;
  }
  if (!memory.empty())
    q = q / (memory.back().rho * inner_product(memory.back().y, memory.back().y));
  for (std::size_t i = 0; i < memory.size(); ++i) {
    q = q + (alpha[i] - memory[i].rho * inner_product(memory[i].y, q)) * memory[i].s;
  }
  return q;
}

// The point along d that meets the weak Wolfe conditions; no point if none is found.
bool search_line(const SmoothFunction& function, const at::Tensor& d, double first, Point& point) {
  constexpr double kDecrease = 1e-4, kCurvature = 0.9;
  constexpr int kTrials = 60;
  const double slope = inner_product(point.gradient, d);
  if (!(slope < 0.0)) return false;
  double low = 0.0, high = std::numeric_limits<double>::infinity(), t = first;
  for (int trial = 0; trial < kTrials; ++trial) {
    Point next;
    next.x = point.x + t * d;
    next.value = function(next.x, next.gradient);
    if (!(next.value <= point.value + kDecrease * t * slope)) {
      high = t;
    } else if (inner_product(next.gradient, d) < kCurvature * slope) {
      low = t;
    } else {
      point = std::move(next);
      return true;
    }
    t = std::isinf(high) ? 2.0 * low : 0.5 * (low + high);
  }
  return false;
}

}  // namespace

Minimum minimise_lbfgs(const SmoothFunction& function, const at::Tensor& start,
                       const LbfgsOptions& options) {
  TORCH_CHECK(start.scalar_type() == at::kDouble, "minimise_lbfgs: needs f64, not ",
              start.scalar_type());
  Point point;
  point.x = start.clone();
  point.value = function(point.x, point.gradient);
  std::deque<Change> memory;
  Minimum minimum;
  while (true) {
    minimum.x = point.x;
    minimum.converged = point.gradient.abs().max().item<double>() <= options.gradient_tolerance;
    if (minimum.converged || minimum.steps == options.most_steps) return minimum;
    const auto d = direction(memory, point.gradient);
    const Point before = point;
    const double first = memory.empty() ? 1.0 / before.gradient.norm().item<double>() : 1.0;
    if (!search_line(function, d, first, point)) return minimum;
    ++minimum.steps;
    Change change{point.x - before.x, point.gradient - before.gradient, 0.0};
    const double product = inner_product(change.s, change.y);
    if (!(product > 0.0)) continue;
    change.rho = 1.0 / product;
    memory.push_back(std::move(change));
    if (memory.size() > static_cast<std::size_t>(options.memory)) memory.pop_front();
  }
}

}  // namespace assay
