// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

#include "core/events.h"

namespace assay {

/// "examples_<metric>": the scores of the first 1,000 reference examples, of which a metric is the
/// mean, as f32 in their shortest text, one a line below the metric's name. Two runs of one
/// protocol are so compared example by example (reports/comparison/example_pairs.h). values: [N].
Artifact example_scores(const std::string& metric, const at::Tensor& values);

}  // namespace assay
