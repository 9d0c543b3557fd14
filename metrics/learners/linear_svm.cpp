// SPDX-License-Identifier: Apache-2.0
#include "metrics/learners/linear_svm.h"

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

constexpr double kCost = 0.01;
constexpr int kMaxSteps = 100;
constexpr int kMaxHalvings = 40;
constexpr double kTolerance = 1e-12;

struct Problem {
  std::span<const double> x;
  std::vector<double> sign, weight;  // y_n in {−1, 1}; C c_n
};

struct Derivatives {
  double value = 0.0;
  double w = 0.0, b = 0.0;              // gradient
  double ww = 1.0, wb = 0.0, bb = 1.0;  // Hessian
};

Derivatives derivatives(const Problem& problem, double w, double b) {
  Derivatives d{(w * w + b * b) / 2.0, w, b};
  for (std::size_t n = 0; n < problem.x.size(); ++n) {
    const double x = problem.x[n];
    const double slack = 1.0 - problem.sign[n] * (w * x + b);
    if (slack <= 0.0) continue;
    const double weight = problem.weight[n];
    const double slope = -2.0 * weight * slack * problem.sign[n];
    d.value += weight * slack * slack;
    d.w += slope * x;
    d.b += slope;
    d.ww += 2.0 * weight * x * x;
    d.wb += 2.0 * weight * x;
    d.bb += 2.0 * weight;
  }
  return d;
}

// The minimum of a strictly convex, piecewise quadratic function of two numbers.
std::pair<double, double> minimum(const Problem& problem) {
  double w = 0.0, b = 0.0;
  Derivatives here = derivatives(problem, w, b);
  for (int step = 0; step < kMaxSteps; ++step) {
    const double scale = kTolerance * static_cast<double>(problem.x.size());
    if (std::abs(here.w) + std::abs(here.b) <= scale) break;
    const double determinant = here.ww * here.bb - here.wb * here.wb;
    const double along_w = (here.bb * here.w - here.wb * here.b) / determinant;
    const double along_b = (here.ww * here.b - here.wb * here.w) / determinant;
    double length = 1.0;
    Derivatives there = derivatives(problem, w - along_w, b - along_b);
    for (int i = 0; i < kMaxHalvings && !(there.value < here.value); ++i) {
      length /= 2.0;
      there = derivatives(problem, w - length * along_w, b - length * along_b);
    }
    if (!(there.value < here.value)) break;
    w -= length * along_w;
    b -= length * along_b;
    here = there;
  }
  return {w, b};
}

}  // namespace

LinearSvm::LinearSvm(std::span<const double> x, std::span<const std::int64_t> labels)
    : classes_(labels.begin(), labels.end()) {
  std::sort(classes_.begin(), classes_.end());
  classes_.erase(std::unique(classes_.begin(), classes_.end()), classes_.end());
  const auto rows = static_cast<double>(labels.size());
  const bool two = classes_.size() == 2;
  const auto balanced = [&](std::int64_t label) {
    const auto count = static_cast<double>(std::count(labels.begin(), labels.end(), label));
    return rows / (static_cast<double>(classes_.size()) * count);
  };
  for (std::size_t k = two ? 1 : 0; k < classes_.size() && classes_.size() > 1; ++k) {
    const double own = kCost * balanced(classes_[k]);
    const double other = two ? kCost * balanced(classes_[0]) : kCost;
    Problem problem{x, {}, {}};
    for (const auto label : labels) {
      problem.sign.push_back(label == classes_[k] ? 1.0 : -1.0);
      problem.weight.push_back(label == classes_[k] ? own : other);
    }
    const auto [w, b] = minimum(problem);
    lines_.push_back({w, b});
  }
}

std::int64_t LinearSvm::predict(double x) const {
  const auto score = [&](std::size_t k) { return lines_[k].w * x + lines_[k].b; };
  if (lines_.empty()) return classes_.front();
  if (lines_.size() == 1) return classes_[score(0) > 0.0 ? 1 : 0];
  std::size_t best = 0;
  for (std::size_t k = 1; k < lines_.size(); ++k) {
    if (score(k) > score(best)) best = k;
  }
  return classes_[best];
}

}  // namespace assay
