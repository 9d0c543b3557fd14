// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/mean_activation.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

MetricValue compute_mean_activation(const MetricInputs& inputs) {
  const auto codes = checked_rows(inputs.code_means, {"mean_activation", "codes"});
  const Mean activation = mean_of(codes.mean(1));
  auto protocol = protocol_of(inputs, "mean_activation", "mean over images and code units");
  protocol["n_real"] = std::to_string(codes.size(0));
  return {"mean_activation", activation.value, activation.standard_error, protocol};
}

}  // namespace assay
