// SPDX-License-Identifier: Apache-2.0
#include "metrics/learners/logistic_regression.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include "core/error.h"
#include "metrics/learners/lbfgs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr int kMaxSteps = 100;
constexpr int kMaxHalvings = 40;
constexpr double kGradientTolerance = 1e-10;  // per row

struct Problem {
  at::Tensor x;        // [N,D+1], the last column 1
  at::Tensor targets;  // [N,C], one-hot
  at::Tensor penalty;  // [D+1] of the square of each weight, 0 for the bias
};

double objective(const Problem& problem, const at::Tensor& parameters) {
  const auto log_p = problem.x.mm(parameters.t()).log_softmax(1);
  const auto penalty = (problem.penalty * parameters.square()).sum() / 2.0;
  return (penalty - (problem.targets * log_p).sum()).item<double>();
}

// [C·(D+1), C·(D+1)]. Equal shifts of all biases change nothing, so that direction gets a
// curvature of its own; the gradient has no part in it.
at::Tensor hessian(const Problem& problem, const at::Tensor& p) {
  const auto classes = p.size(1);
  const auto columns = problem.x.size(1);
  auto blocks = at::zeros({classes, columns, classes, columns}, at::kDouble);
  for (std::int64_t k = 0; k < classes; ++k) {
    for (std::int64_t l = 0; l < classes; ++l) {
      const auto same = k == l ? p.select(1, k) : at::zeros_like(p.select(1, k));
      const auto curvature = same - p.select(1, k) * p.select(1, l);
      auto block = problem.x.t().mm(problem.x * curvature.unsqueeze(1));
      if (k == l) block.diagonal().add_(problem.penalty);
      block[columns - 1][columns - 1] += 1.0;
      blocks.select(0, k).select(1, l).copy_(block);
    }
  }
  return blocks.view({classes * columns, classes * columns});
}

// Newton's step, halved until the objective falls. False if there is none to take.
bool step(const Problem& problem, at::Tensor& parameters) {
  const auto p = problem.x.mm(parameters.t()).softmax(1);
  const auto gradient = (p - problem.targets).t().mm(problem.x) + problem.penalty * parameters;
  const double rows = static_cast<double>(problem.x.size(0));
  if (gradient.abs().max().item<double>() <= kGradientTolerance * rows) return false;
  const auto direction =
      at::linalg_solve(hessian(problem, p), gradient.reshape({-1, 1})).view_as(parameters);
  const double before = objective(problem, parameters);
  double length = 1.0;
  for (int halving = 0; halving < kMaxHalvings; ++halving, length /= 2.0) {
    const auto moved = parameters - length * direction;
    if (!(objective(problem, moved) < before)) continue;
    parameters = moved;
    return true;
  }
  return false;
}

// Sets the problem up, lets `minimise` move parameters [C,D+1] from zero to its minimum.
template <class Minimise>
LinearClassifier fit(const at::Tensor& x, const at::Tensor& labels, const Minimise& minimise) {
  TORCH_CHECK(x.dim() == 2 && x.scalar_type() == at::kDouble && labels.dim() == 1 &&
                  labels.size(0) == x.size(0) && x.size(0) > 0,
              "fit_logistic: needs [N,D] f64 and [N], not ", x.sizes(), " and ", labels.sizes());
  const auto [classes, index] = at::_unique(labels, /*sorted=*/true, /*return_inverse=*/true);
  LinearClassifier classifier;
  classifier.classes = classes;
  run_serial([&, &classes = classes, &index = index] {
    const auto columns = x.size(1) + 1;
    Problem problem;
    problem.x = at::cat({x, at::ones({x.size(0), 1}, at::kDouble)}, 1);
    problem.targets = at::one_hot(index, classes.size(0)).to(at::kDouble);
    problem.penalty = at::full({columns}, classes.size(0) == 2 ? 2.0 : 1.0, at::kDouble);
    problem.penalty[columns - 1] = 0.0;
    auto parameters = at::zeros({classes.size(0), columns}, at::kDouble);
    minimise(problem, parameters);
    classifier.weights = parameters.slice(1, 0, columns - 1).contiguous();
    classifier.biases = parameters.select(1, columns - 1).contiguous();
  });
  return classifier;
}

}  // namespace

LinearClassifier fit_logistic(const at::Tensor& x, const at::Tensor& labels) {
  return fit(x, labels, [](const Problem& problem, at::Tensor& parameters) {
    for (int i = 0; i < kMaxSteps && step(problem, parameters); ++i) {
    }
  });
}

LinearClassifier fit_logistic_by_lbfgs(const at::Tensor& x, const at::Tensor& labels,
                                       double tolerance) {
  return fit(x, labels, [tolerance](const Problem& problem, at::Tensor& parameters) {
    const auto rows = static_cast<double>(problem.x.size(0));
    const LbfgsOptions options{.gradient_tolerance = tolerance * rows};
    const auto minimum = minimise_lbfgs(
        [&](const at::Tensor& at, at::Tensor& gradient) {
          const auto log_p = problem.x.mm(at.t()).log_softmax(1);
          gradient = (log_p.exp() - problem.targets).t().mm(problem.x) + problem.penalty * at;
          const auto penalty = (problem.penalty * at.square()).sum() / 2.0;
          return (penalty - (problem.targets * log_p).sum()).item<double>();
        },
        parameters, options);
    if (!minimum.converged) {
      throw Error(
          fmt::format("logistic regression on {} rows of {} numbers did not converge in {} "
                      "steps of L-BFGS; scale the columns alike",
                      problem.x.size(0), problem.x.size(1) - 1, minimum.steps));
    }
    parameters = minimum.x;
  });
}

at::Tensor predict(const LinearClassifier& classifier, const at::Tensor& x) {
  at::Tensor labels;
  run_serial([&] {
    const auto scores = x.mm(classifier.weights.t()) + classifier.biases;
    labels = classifier.classes.index_select(0, scores.argmax(1));
  });
  return labels;
}

}  // namespace assay
