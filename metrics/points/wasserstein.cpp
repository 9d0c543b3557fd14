// SPDX-License-Identifier: Apache-2.0
#include "metrics/points/wasserstein.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "kernels/product/assignment.h"
#include "kernels/product/squared_distances.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::uint64_t kSubsetSeed = 0x77325f6578616374;  // "w2_exact"

double variance(const std::vector<double>& values) {
  return at::tensor(values, at::kDouble).var(/*unbiased=*/true).item<double>();
}

}  // namespace

Mean wasserstein_2(const at::Tensor& x, const at::Tensor& y) {
  TORCH_CHECK(x.dim() == 2 && x.sizes() == y.sizes() && x.scalar_type() == at::kDouble,
              "wasserstein_2: needs two [N,D] f64, not ", x.sizes(), " and ", y.sizes());
  Mean distance;
  run_serial([&] {
    const auto costs = squared_distances(x, y);
    const Assignment best = cheapest_assignment(costs);
    const auto order = at::tensor(best.column_of_row, at::kLong);
    const auto n = static_cast<double>(x.size(0));
    distance.value = std::sqrt((x - y.index_select(0, order)).square().sum().item<double>() / n);
    const double error =
        std::sqrt((variance(best.row_potentials) + variance(best.column_potentials)) / n);
    distance.standard_error = distance.value > 0.0 ? error / (2.0 * distance.value)
                                                   : std::numeric_limits<double>::quiet_NaN();
  });
  return distance;
}

MatchedPoints matched_points(const at::Tensor& first, const at::Tensor& second, std::int64_t most,
                             std::uint64_t seed) {
  const auto count = std::min({first.size(0), second.size(0), most});
  RandomStream of_first(seed), of_second(seed + 1);
  return {drawn_rows(first, count, of_first), drawn_rows(second, count, of_second)};
}

MetricValue compute_w2_exact(const MetricInputs& inputs) {
  const auto generated = checked_rows(inputs.points.generated, {"w2_exact", "generated"});
  const auto reference = checked_rows(inputs.points.reference, {"w2_exact", "reference"});
  if (generated.size(1) != reference.size(1)) {
    throw Error(fmt::format("w2_exact: generated points of {} dimensions, reference of {}",
                            generated.size(1), reference.size(1)));
  }
  const std::int64_t limit = whole_option(inputs, "w2_exact.points");
  const auto [x, y] = matched_points(generated, reference, limit, kSubsetSeed);
  const Mean distance = wasserstein_2(x, y);
  return scored(
      inputs, distance,
      {.metric = "w2_exact",
       .estimator = "exact assignment, Euclidean, not squared",
       .n_generated = generated.size(0),
       .n_real = reference.size(0),
       .settings = {{"points", std::to_string(limit)}, {"n_matched", std::to_string(x.size(0))}}});
}

}  // namespace assay
