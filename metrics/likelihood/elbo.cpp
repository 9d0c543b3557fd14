// SPDX-License-Identifier: Apache-2.0
#include "metrics/likelihood/elbo.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

MetricValue compute_elbo(const MetricInputs& inputs) {
  const auto values = checked_values(inputs.elbo_nats, {"elbo", "evidence lower bound"});
  const Mean bound = mean_of(values);
  auto protocol = protocol_of(inputs, "elbo", "mean over images, nats");
  protocol["n_real"] = std::to_string(values.size(0));
  return {"elbo", bound.value, bound.standard_error, protocol};
}

}  // namespace assay
