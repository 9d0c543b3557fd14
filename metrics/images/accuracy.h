// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// Share of class_labels [N] i64 that are the first largest of class_logits [N,K]; binomial
/// standard error.
MetricValue compute_accuracy(const MetricInputs& inputs);

/// Share of generated images whose class under the extractor's classifier, the first largest of
/// features.logits [N,K], is the one asked for, labels.generated [N] i64; binomial standard error.
/// Throws Error for labels that the classifier does not know.
MetricValue compute_class_accuracy(const MetricInputs& inputs);

}  // namespace assay
