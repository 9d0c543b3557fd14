// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/metric.h"

namespace assay {

/// How far samples show what was asked of them: of each sample the share of its attributes whose
/// value is the one asked for, labels.shown and labels.asked [N,F] i64, and the mean of that over
/// samples with its standard error. What a sample shows is that of the nearest picture of its data
/// set's grid (DatasetSource::read_factors). Guessing scores the mean of 1/values. Throws Error
/// unless both are there, of one shape, and of two samples or more.
MetricValue compute_attribute_accuracy(const MetricInputs& inputs);

}  // namespace assay
