// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/path_length.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <string>

#include "core/error.h"
#include "metrics/numerics/linalg.h"

namespace assay {

Mean percentile_mean(const at::Tensor& values, double trim_low, double trim_high) {
  TORCH_CHECK(values.dim() == 1 && values.size(0) >= 2 && trim_low >= 0.0 && trim_low < 50.0 &&
                  trim_high >= 0.0 && trim_high < 50.0,
              "percentile_mean: ", values.sizes(), " values without ", trim_low, " and ", trim_high,
              " %");
  Mean result;
  run_serial([&] {
    const auto sorted = std::get<0>(values.to(at::kDouble).sort());
    const auto last = static_cast<double>(sorted.size(0) - 1);
    const auto lower = static_cast<std::int64_t>(std::floor(last * (trim_low / 100.0)));
    const auto upper = static_cast<std::int64_t>(std::ceil(last * ((100.0 - trim_high) / 100.0)));
    const auto low = sorted[lower];
    const auto high = sorted[upper];
    // By value, so that all that equal an end stay.
    const auto kept = sorted.masked_select(sorted.ge(low).logical_and(sorted.le(high)));
    const double share = static_cast<double>(kept.size(0)) / static_cast<double>(sorted.size(0));
    result.value = kept.mean().item<double>();
    result.standard_error = mean_of(sorted.clamp(low, high)).standard_error / share;
  });
  return result;
}

MetricValue compute_ppl(const MetricInputs& inputs) {
  const auto distances = checked_values(inputs.features.path_distances, {"ppl", "path"});
  if (distances.min().item<double>() < 0.0) {
    throw Error("ppl: the path input holds negative values; squared distances are needed");
  }
  const double trim_low = option(inputs, "ppl.trim_low");
  const double trim_high = option(inputs, "ppl.trim_high");
  const Mean length = percentile_mean(distances, trim_low, trim_high);
  return scored(inputs, length,
                {.metric = "ppl",
                 .estimator = "mean between percentiles, f64",
                 .n_generated = distances.size(0),
                 .settings = {{"epsilon", fmt::format("{}", option(inputs, "ppl.epsilon"))},
                              {"trim_low", fmt::format("{}", trim_low)},
                              {"trim_high", fmt::format("{}", trim_high)}}});
}

}  // namespace assay
