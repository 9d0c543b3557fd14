// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// A linear classifier of C classes with the scores x Wᵀ + b.
struct LinearClassifier {
  at::Tensor weights;  ///< [C,D] f64
  at::Tensor biases;   ///< [C] f64
  at::Tensor classes;  ///< [C] i64: the labels that occurred, ascending
};

/// Multinomial logistic regression with an L2 penalty, the minimum of
///   Σ_n −log softmax(W x_n + b)_{y_n} + ½ ‖W‖²
/// (the biases are free) by Newton's method, so nothing is drawn: scikit-learn's
/// LogisticRegression(C = 1) at its optimum. With two classes the penalty is ‖W‖², which makes the
/// difference of the two rows the binary model of scikit-learn. x: [N,D] f64, labels: [N] i64.
LinearClassifier fit_logistic(const at::Tensor& x, const at::Tensor& labels);

/// The same minimum by the L-BFGS method, to a gradient of at most `tolerance` · N in every entry:
/// for many columns, whose Hessian would not fit. Throws Error if that takes more than 5000 steps.
LinearClassifier fit_logistic_by_lbfgs(const at::Tensor& x, const at::Tensor& labels,
                                       double tolerance);

/// The label with the largest score of each row, [N] i64; the first of equal ones.
at::Tensor predict(const LinearClassifier& classifier, const at::Tensor& x);

}  // namespace assay
