// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <vector>

namespace assay {

/// Linear support vector machine on one number per row, one class against the rest: scikit-learn's
/// LinearSVC(C = 0.01, class_weight = "balanced") at its optimum. Per class the minimum of
///   ½ (w² + b²) + C Σ_n c_n max(0, 1 − y_n (w x_n + b))²
/// with c_n = N/(K N_class) for the class's own rows and 1 for the others, except with two classes,
/// where both sides are so weighted and one classifier decides by sign. By Newton's method.
class LinearSvm {
 public:
  /// x and labels: [N]; at least one row, finite. Labels may be any whole numbers.
  LinearSvm(std::span<const double> x, std::span<const std::int64_t> labels);

  /// The class with the largest w x + b, the first of equal ones.
  std::int64_t predict(double x) const;

 private:
  struct Line {
    double w = 0.0, b = 0.0;
  };
  std::vector<std::int64_t> classes_;  ///< that occurred, ascending
  std::vector<Line> lines_;            ///< one a class; one in all for two classes (of the second)
};

}  // namespace assay
