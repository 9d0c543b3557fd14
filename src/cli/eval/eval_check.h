// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include "cli/eval/eval_classes.h"
#include "cli/eval/eval_source.h"
#include "metrics/metric.h"

namespace assay {

/// What an evaluation compares.
struct EvalSides {
  EvalSource generated, reference;
  std::optional<EvalSource> held_out;
  SharedClasses classes;
};

/// The images of a side if they all have one size; else undefined.
at::Tensor only_images(const EvalSource& source);

/// Throws Error that says which part of those that the metric takes the sides do not hold, and how
/// to give it.
void check_inputs(const Metric& metric, const EvalSides& sides, const EvalCommand& command);

}  // namespace assay
