// SPDX-License-Identifier: Apache-2.0
#include "metrics/costs/multiply_adds.h"

#include <fmt/format.h>

#include <cmath>
#include <limits>
#include <string_view>

#include "core/error.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

MetricValue counted(const MetricInputs& inputs, double value, Scoring how) {
  if (std::isnan(value)) {
    throw Error(fmt::format(
        "{}: nothing was counted; it is of a model as a run trains and samples it", how.metric));
  }
  return scored(inputs, {value, std::numeric_limits<double>::quiet_NaN()}, how);
}

}  // namespace

MetricValue compute_training_multiply_adds(const MetricInputs& inputs) {
  return counted(inputs, inputs.costs.training,
                 {.metric = "training_multiply_adds", .estimator = "counted, mean over examples"});
}

MetricValue compute_sampling_multiply_adds(const MetricInputs& inputs) {
  return counted(inputs, inputs.costs.sampling,
                 {.metric = "sampling_multiply_adds", .estimator = "counted, mean over samples"});
}

}  // namespace assay
