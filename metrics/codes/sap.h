// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include "metrics/codes/codes.h"
#include "metrics/inputs.h"
#include "metrics/metric.h"

namespace assay {

/// Whether a LinearSvm on one code, fitted to split.train, tells a factor's value of each test row:
/// [L,F,T] bool.
at::Tensor svm_hits(const CheckedCodes& codes, const Split& split);

/// Separated attribute predictability (Kumar, Sattigeri & Balakrishnan 2018, sec. 3), as
/// disentanglement_lib does it for discrete factors:
///   1/F Σ_f (S_(1)f − S_(2)f)
/// with the two codes of the largest test accuracies S. Standard error sd/√T over test rows, the
/// classifiers and the choice of the two codes taken as fixed. hits: [L,F,T] bool, L ≥ 2.
Mean sap(const at::Tensor& hits);

MetricValue compute_sap(const MetricInputs& inputs);

}  // namespace assay
