// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/mig.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

MetricValue value_of(const MetricInputs& inputs, std::string_view metric, const CheckedCodes& codes,
                     const InformationScore& score) {
  const std::int64_t bins = whole_option(inputs, fmt::format("{}.bins", metric));
  const BinnedCodes binned = binned_codes(codes, bins);
  return scored(inputs,
                {score(mutual_information(binned)), bootstrap_standard_error(binned, score)},
                {.metric = metric,
                 .estimator = "posterior means, bins of equal width per code",
                 .n_real = binned.rows,
                 .settings = {{"bins", std::to_string(bins)}}});
}

}  // namespace

double mig(const MutualInformation& information) {
  double gap = 0.0;
  run_serial([&] {
    const auto top = std::get<0>(information.information.topk(2, 0));
    const auto gaps = (top[0] - top[1]) / information.entropies;
    gap = at::where(information.entropies > 0.0, gaps, 0.0).mean().item<double>();
  });
  return gap;
}

double modularity(const MutualInformation& information) {
  double score = 0.0;
  run_serial([&] {
    const auto squares = information.information.square();
    const auto largest = squares.amax(1);
    const auto others = static_cast<double>(squares.size(1) - 1);
    const auto purity = 1.0 - (squares.sum(1) - largest) / (largest * others);
    score = at::where(largest > 0.0, purity, 0.0).mean().item<double>();
  });
  return score;
}

MetricValue compute_mig(const MetricInputs& inputs) {
  return value_of(inputs, "mig", checked_codes(inputs, "mig"), mig);
}

MetricValue compute_modularity(const MetricInputs& inputs) {
  const CheckedCodes codes = checked_codes(inputs, "modularity");
  if (codes.sizes.size() < 2) {
    throw Error("modularity: there is one factor only, so every code is about one; needs 2");
  }
  return value_of(inputs, "modularity", codes, modularity);
}

}  // namespace assay
