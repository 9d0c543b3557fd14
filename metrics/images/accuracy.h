// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Share of class_labels [N] i64 that are the first largest of class_logits [N,K]; binomial
/// standard error.
MetricValue compute_accuracy(const MetricInputs& inputs);

}  // namespace assay
