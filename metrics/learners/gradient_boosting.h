// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <span>
#include <vector>

namespace assay {

/// Gradient-boosted classification trees (Friedman 2001, algorithms 5 and 6) as scikit-learn's
/// GradientBoostingClassifier() grows them: 100 stages of one tree a class (one in all for two
/// classes) of depth 3 on the residuals of the softmax, learning rate 0.1, leaves by one Newton
/// step, starting from the classes' log frequencies. Our own learner: nothing is drawn (ties of two
/// splits go to the lower column, then the lower threshold, where scikit-learn draws), and a column
/// of more than 256 distinct values is cut into 256 bins of about equally many rows.
class BoostedTrees {
 public:
  /// x: [N,D] f64, finite; labels: [N], any whole numbers.
  BoostedTrees(const at::Tensor& x, std::span<const std::int64_t> labels);

  /// Share of each column in the squared error that all splits remove, [D], sum 1; all 0 if there
  /// was no split.
  const std::vector<double>& importance() const { return importance_; }
  /// Scores before the softmax, [N,C] f64, classes ascending; [N,1] of the second class if two.
  at::Tensor scores(const at::Tensor& x) const;
  /// The likeliest label of each row, the first of equal ones.
  std::vector<std::int64_t> predict(const at::Tensor& x) const;

  /// A node of a tree; a leaf has no left child. Rows with x ≤ threshold go left.
  struct Node {
    std::int64_t column = 0;
    double threshold = 0.0;
    std::int64_t left = -1, right = -1;
    double value = 0.0;  ///< of a leaf, times the learning rate
  };
  using Tree = std::vector<Node>;  ///< the root first

 private:
  std::vector<std::int64_t> classes_;  ///< that occurred, ascending
  std::vector<double> start_;          ///< score of each output before any tree
  std::vector<Tree> trees_;            ///< stage after stage, outputs within
  std::vector<double> importance_;
};

}  // namespace assay
