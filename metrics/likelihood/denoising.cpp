// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/denoising.h"

#include <ATen/ATen.h>

#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "metrics/inputs.h"

namespace assay {

namespace {

at::Tensor losses_at_times(const MetricInputs& inputs) {
  return checked_rows(inputs.likelihoods.denoising_losses, {"validation_loss", "denoising loss"});
}

}  // namespace

at::Tensor validation_losses(const MetricInputs& inputs) { return losses_at_times(inputs).mean(1); }

MetricValue compute_validation_loss(const MetricInputs& inputs) {
  const auto losses = losses_at_times(inputs);
  return scored(inputs, mean_of(losses.mean(1)),
                {.metric = "validation_loss",
                 .estimator = "mean over examples and times, fixed noise",
                 .n_real = losses.size(0),
                 .settings = {{"times", std::to_string(losses.size(1))}}});
}

MetricValue compute_nfe(const MetricInputs& inputs) {
  if (std::isnan(inputs.evaluations)) {
    throw Error("nfe: no sample was drawn, so that nothing was counted; set eval.generated");
  }
  return scored(inputs, {inputs.evaluations, std::numeric_limits<double>::quiet_NaN()},
                {.metric = "nfe", .estimator = "counted, mean over samples"});
}

}  // namespace assay
