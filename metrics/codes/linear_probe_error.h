// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/metric.h"

namespace assay {

/// Codes of a split and the classes of its images.
struct LabelledCodes {
  at::Tensor codes;   ///< [N,Z] f64
  at::Tensor labels;  ///< [N] i64
};

/// Share of test codes whose class a linear classifier gets wrong (Alain & Bengio 2017): each unit
/// is brought to mean 0 and deviation 1 (÷N) of the training codes (a constant one to 0), then
/// multinomial logistic regression with an L2 penalty (C = 1) is fitted to those at its optimum:
/// scikit-learn's make_pipeline(StandardScaler(), LogisticRegression()).
double linear_probe_error(const LabelledCodes& train, const LabelledCodes& test);

/// Takes MetricInputs::probe_codes, probe_labels, code_means and code_labels. Binomial standard
/// error over test images, the classifier taken as fixed.
MetricValue compute_linear_probe_error(const MetricInputs& inputs);

}  // namespace assay
