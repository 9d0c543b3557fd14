// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/mean_activation.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

MetricValue compute_mean_activation(const MetricInputs& inputs) {
  const auto codes = checked_rows(inputs.codes.means, {"mean_activation", "codes"});
  const Mean activation = mean_of(codes.mean(1));
  return scored(inputs, activation,
                {.metric = "mean_activation",
                 .estimator = "mean over images and code units",
                 .n_real = codes.size(0)});
}

}  // namespace assay
