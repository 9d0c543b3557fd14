// SPDX-License-Identifier: Apache-2.0
#include "metrics/learners/gradient_boosting.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "metrics/codes/binned_columns.h"

namespace assay {
namespace {

constexpr int kStages = 100;
constexpr int kDepth = 3;
constexpr double kLearningRate = 0.1;

// Grows one tree on residuals; adds what its leaves say to the scores.
class TreeGrower {
 public:
  TreeGrower(const BinnedColumns& columns, std::span<const double> residuals,
             std::span<const double> curvatures)
      : columns_(columns), residuals_(residuals), curvatures_(curvatures) {}

  // `factor` is (C − 1)/C of the Newton step; scores: [N], every `stride`-th number.
  BoostedTrees::Tree grow(double factor, double* scores, std::size_t stride,
                          std::vector<double>& importance) {
    factor_ = factor;
    scores_ = scores;
    stride_ = stride;
    importance_ = &importance;
    std::vector<std::size_t> rows(residuals_.size());
    std::iota(rows.begin(), rows.end(), std::size_t{0});
    add_node(rows, 0);
    return std::move(tree_);
  }

 private:
  std::int64_t add_node(std::span<std::size_t> rows, int depth) {
    const auto index = tree_.size();
    tree_.emplace_back();
    const bool splits = depth < kDepth && rows.size() > 1 && !is_pure(rows);
    const Cut cut = splits ? best_cut(columns_, residuals_, rows) : Cut{};
    if (!cut.found) {
      tree_[index].value = leaf_value(rows);
      for (const auto row : rows) scores_[row * stride_] += tree_[index].value;
      return static_cast<std::int64_t>(index);
    }
    (*importance_)[cut.column] += cut.gain;
    tree_[index].column = static_cast<std::int64_t>(cut.column);
    tree_[index].threshold = cut.threshold;
    const auto middle = std::stable_partition(rows.begin(), rows.end(), [&](std::size_t row) {
      return columns_.bin(row, cut.column) <= cut.last_left_bin;
    });
    const auto left = static_cast<std::size_t>(middle - rows.begin());
    const auto left_node = add_node(rows.first(left), depth + 1);
    const auto right_node = add_node(rows.subspan(left), depth + 1);
    tree_[index].left = left_node;
    tree_[index].right = right_node;
    return static_cast<std::int64_t>(index);
  }

  bool is_pure(std::span<const std::size_t> rows) const {
    double sum = 0.0, squares = 0.0;
    for (const auto row : rows) {
      sum += residuals_[row];
      squares += residuals_[row] * residuals_[row];
    }
    const auto n = static_cast<double>(rows.size());
    return squares / n - (sum / n) * (sum / n) <= std::numeric_limits<double>::epsilon();
  }

  double leaf_value(std::span<const std::size_t> rows) const {
    double slope = 0.0, curvature = 0.0;
    for (const auto row : rows) {
      slope += residuals_[row];
      curvature += curvatures_[row];
    }
    constexpr double kFlat = 1e-150;  // all rows are certain: nothing to correct
    return curvature < kFlat ? 0.0 : kLearningRate * factor_ * slope / curvature;
  }

  const BinnedColumns& columns_;
  std::span<const double> residuals_, curvatures_;
  double factor_ = 1.0;
  double* scores_ = nullptr;
  std::size_t stride_ = 1;
  std::vector<double>* importance_ = nullptr;
  BoostedTrees::Tree tree_;
};

// Probabilities of the outputs of one row: softmax, or the logistic function of one score.
void probabilities(std::span<const double> scores, std::span<double> p) {
  if (scores.size() == 1) {
    p[0] = 1.0 / (1.0 + std::exp(-scores[0]));
    return;
  }
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0.0;
  for (std::size_t k = 0; k < scores.size(); ++k) sum += p[k] = std::exp(scores[k] - largest);
  for (auto& one : p) one /= sum;
}

double value_at(const BoostedTrees::Tree& tree, const double* row) {
  const auto* node = tree.data();
  while (node->left >= 0) {
    node = &tree[static_cast<std::size_t>(row[node->column] <= node->threshold ? node->left
                                                                               : node->right)];
  }
  return node->value;
}

void normalise(std::vector<double>& shares) {
  const double total = std::accumulate(shares.begin(), shares.end(), 0.0);
  for (auto& share : shares) share = total > 0.0 ? share / total : 0.0;
}

// [outputs] log frequencies of the classes; the log odds of the second if there are two.
std::vector<double> log_frequencies(std::span<const std::int64_t> labels,
                                    std::span<const std::int64_t> classes) {
  std::vector<double> logs;
  for (const auto one : classes) {
    logs.push_back(std::log(static_cast<double>(std::count(labels.begin(), labels.end(), one)) /
                            static_cast<double>(labels.size())));
  }
  if (logs.size() == 2) return {logs[1] - logs[0]};
  return logs;
}

}  // namespace

BoostedTrees::BoostedTrees(const at::Tensor& x, std::span<const std::int64_t> labels)
    : classes_(labels.begin(), labels.end()), importance_(static_cast<std::size_t>(x.size(1))) {
  TORCH_CHECK(x.size(0) == static_cast<std::int64_t>(labels.size()), "BoostedTrees: ", x.sizes(),
              " of ", labels.size(), " labels");
  std::sort(classes_.begin(), classes_.end());
  classes_.erase(std::unique(classes_.begin(), classes_.end()), classes_.end());
  if (classes_.size() == 1) return;
  start_ = log_frequencies(labels, classes_);
  const std::size_t rows = labels.size(), outputs = start_.size();
  const BinnedColumns columns(x);
  std::vector<double> scores, p(rows * outputs), residuals(rows), curvatures(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    scores.insert(scores.end(), start_.begin(), start_.end());
  }
  const auto classes = static_cast<double>(classes_.size());
  const double factor = outputs == 1 ? 1.0 : (classes - 1.0) / classes;
  for (int stage = 0; stage < kStages; ++stage) {
    for (std::size_t row = 0; row < rows; ++row) {
      probabilities(std::span(scores).subspan(row * outputs, outputs),
                    std::span(p).subspan(row * outputs, outputs));
    }
    for (std::size_t output = 0; output < outputs; ++output) {
      const auto label = classes_[outputs == 1 ? 1 : output];
      for (std::size_t row = 0; row < rows; ++row) {
        const double chance = p[row * outputs + output];
        residuals[row] = (labels[row] == label ? 1.0 : 0.0) - chance;
        curvatures[row] = chance * (1.0 - chance);
      }
      trees_.push_back(TreeGrower(columns, residuals, curvatures)
                           .grow(factor, scores.data() + output, outputs, importance_));
    }
  }
  normalise(importance_);
}

at::Tensor BoostedTrees::scores(const at::Tensor& x) const {
  const auto rows = x.to(at::kDouble).contiguous();
  const auto outputs = std::max<std::size_t>(start_.size(), 1);
  auto result = at::zeros({rows.size(0), static_cast<std::int64_t>(outputs)}, at::kDouble);
  auto* out = result.mutable_data_ptr<double>();
  for (std::int64_t row = 0; row < rows.size(0); ++row, out += outputs) {
    std::copy(start_.begin(), start_.end(), out);
    const double* values = rows.const_data_ptr<double>() + row * rows.size(1);
    for (std::size_t tree = 0; tree < trees_.size(); ++tree) {
      out[tree % outputs] += value_at(trees_[tree], values);
    }
  }
  return result;
}

std::vector<std::int64_t> BoostedTrees::predict(const at::Tensor& x) const {
  const auto table = scores(x);
  const auto outputs = static_cast<std::size_t>(table.size(1));
  const auto* row = table.const_data_ptr<double>();
  std::vector<std::int64_t> labels;
  for (std::int64_t i = 0; i < table.size(0); ++i, row += outputs) {
    const bool two = classes_.size() == 2;
    const auto best = two ? (*row > 0.0 ? 1 : 0) : std::max_element(row, row + outputs) - row;
    labels.push_back(classes_[static_cast<std::size_t>(best)]);
  }
  return labels;
}

}  // namespace assay
