// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/precision_recall.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/neighbours/pair_sweep.h"
#include "metrics/peers.h"

namespace assay {
namespace {

enum class Side { kGenerated, kReference };

void check_k(const MetricInputs& inputs, std::string_view metric, Side side) {
  const auto& rows =
      side == Side::kGenerated ? inputs.generated_features : inputs.reference_features;
  const auto n = rows.size(0);
  if (inputs.k >= 1 && inputs.k < n) return;
  throw Error(fmt::format(
      "{}: k = {} neighbours, but the {} input holds {} rows; k must be 1 to {}", metric, inputs.k,
      side == Side::kGenerated ? "generated" : "reference", n, n - 1));
}

Protocol ball_protocol(const MetricInputs& inputs, std::string_view metric) {
  const bool open = inputs.compat == "prdc";
  auto protocol =
      protocol_of(inputs, metric,
                  fmt::format("k-th other neighbour, {} balls, exact", open ? "open" : "closed"));
  protocol["k"] = std::to_string(inputs.k);
  protocol["n_generated"] = std::to_string(inputs.generated_features.size(0));
  protocol["n_real"] = std::to_string(inputs.reference_features.size(0));
  return protocol;
}

template <class T>
MetricValue share(const MetricInputs& inputs, std::string_view metric, const std::vector<T>& hits) {
  const auto n = static_cast<std::int64_t>(hits.size());
  const auto inside = std::count_if(hits.begin(), hits.end(), [](T hit) { return hit > 0; });
  const double value = static_cast<double>(inside) / static_cast<double>(n);
  return {std::string(metric), value, binomial_standard_error(value, n),
          ball_protocol(inputs, metric)};
}

// Features and k are checked, then all pairs are swept.
std::shared_ptr<const PairStatistics> statistics(const MetricInputs& inputs,
                                                 std::string_view metric, Side balls_round) {
  check_compat(inputs.compat, metric);
  stored_features(inputs, metric);
  check_k(inputs, metric, balls_round);
  return pair_statistics(inputs, metric);
}

}  // namespace

MetricValue compute_precision(const MetricInputs& inputs) {
  return share(inputs, "precision", statistics(inputs, "precision", Side::kReference)->balls_hit);
}

MetricValue compute_recall(const MetricInputs& inputs) {
  return share(inputs, "recall", statistics(inputs, "recall", Side::kGenerated)->reference_hit);
}

MetricValue compute_density(const MetricInputs& inputs) {
  const auto found = statistics(inputs, "density", Side::kReference);
  const auto& hits = found->balls_hit;
  const auto per_ball = at::tensor(std::vector<double>(hits.begin(), hits.end()), at::kDouble) /
                        static_cast<double>(inputs.k);
  const Mean mean = mean_of(per_ball);
  return {"density", mean.value, mean.standard_error, ball_protocol(inputs, "density")};
}

MetricValue compute_coverage(const MetricInputs& inputs) {
  return share(inputs, "coverage", statistics(inputs, "coverage", Side::kReference)->covered);
}

MetricValue compute_authpct(const MetricInputs& inputs) {
  check_compat(inputs.compat, "authpct");
  stored_features(inputs, "authpct");
  const auto found = pair_statistics(inputs, "authpct");
  MetricValue value = share(inputs, "authpct", found->authentic);
  value.value *= 100.0;
  value.standard_error *= 100.0;
  value.protocol["estimator"] = "nearest reference against its nearest other, exact";
  value.protocol.erase("k");
  return value;
}

}  // namespace assay
