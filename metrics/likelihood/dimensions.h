// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fmt/format.h>

#include <numbers>
#include <string_view>

#include "core/error.h"
#include "metrics/metric.h"

namespace assay {

/// Nats of an example that are one bit per number of it: D ln 2. Throws Error where the evaluator
/// does not say D.
inline double nats_of_a_bit_per_dimension(const MetricInputs& inputs, std::string_view metric) {
  const auto dimensions = inputs.likelihoods.dimensions;
  if (dimensions < 1) {
    throw Error(
        fmt::format("{}: data of {} dimensions; the evaluator must say how many numbers an example "
                    "holds",
                    metric, dimensions));
  }
  return static_cast<double>(dimensions) * std::numbers::ln2;
}

}  // namespace assay
