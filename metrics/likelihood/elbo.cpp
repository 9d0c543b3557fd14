// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/elbo.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

at::Tensor elbo_of_examples(const MetricInputs& inputs) {
  return checked_values(inputs.likelihoods.elbo, {"elbo", "evidence lower bound"});
}

MetricValue compute_elbo(const MetricInputs& inputs) {
  const auto values = elbo_of_examples(inputs);
  const Mean bound = mean_of(values);
  return scored(
      inputs, bound,
      {.metric = "elbo", .estimator = "mean over images, nats", .n_real = values.size(0)});
}

}  // namespace assay
