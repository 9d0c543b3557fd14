// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/active_units.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "metrics/inputs.h"

namespace assay {

at::Tensor variance_of_means(const at::Tensor& code_means) {
  return code_means.to(at::kDouble).var(0, /*unbiased=*/false);
}

MetricValue compute_active_units(const MetricInputs& inputs) {
  const auto means = checked_rows(inputs.code_means, {"active_units", "code means"});
  const double threshold = option(inputs, "active_units.threshold");
  auto protocol = protocol_of(inputs, "active_units", "variance of code means over images, ÷N");
  protocol["n_real"] = std::to_string(means.size(0));
  protocol["threshold"] = fmt::format("{}", threshold);
  MetricValue value;
  value.name = "active_units";
  value.value = (variance_of_means(means) > threshold).sum().item<double>();
  value.protocol = protocol;
  return value;
}

}  // namespace assay
