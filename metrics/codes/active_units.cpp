// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/active_units.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "metrics/inputs.h"

namespace assay {

at::Tensor variance_of_means(const at::Tensor& code_means) {
  return code_means.to(at::kDouble).var(0, /*unbiased=*/false);
}

MetricValue compute_active_units(const MetricInputs& inputs) {
  const auto means = checked_rows(inputs.codes.means, {"active_units", "code means"});
  const double threshold = option(inputs, "active_units.threshold");
  const auto active = (variance_of_means(means) > threshold).sum().item<double>();
  return scored(inputs, {active, std::nan("")},
                {.metric = "active_units",
                 .estimator = "variance of code means over images, ÷N",
                 .n_real = means.size(0),
                 .settings = {{"threshold", fmt::format("{}", threshold)}}});
}

}  // namespace assay
