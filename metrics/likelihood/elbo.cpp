// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/elbo.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

MetricValue compute_elbo(const MetricInputs& inputs) {
  const auto values = checked_values(inputs.likelihoods.elbo, {"elbo", "evidence lower bound"});
  const Mean bound = mean_of(values);
  return scored(
      inputs, bound,
      {.metric = "elbo", .estimator = "mean over images, nats", .n_real = values.size(0)});
}

}  // namespace assay
