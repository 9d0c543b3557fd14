// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/jacobian_norm.h"

#include <ATen/ATen.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

MetricValue compute_jacobian_norm(const MetricInputs& inputs) {
  const auto norms = checked_values(inputs.codes.jacobian_norms, {"jacobian_norm", "norm"});
  const Mean norm = mean_of(norms);
  return scored(inputs, norm,
                {.metric = "jacobian_norm",
                 .estimator = "mean over images of |dh/dx|_F, x in [-1,1], exact",
                 .n_real = norms.size(0)});
}

}  // namespace assay
