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
      side == Side::kGenerated ? inputs.features.generated : inputs.features.reference;
  const auto n = rows.size(0);
  if (inputs.k >= 1 && inputs.k < n) return;
  throw Error(fmt::format(
      "{}: k = {} neighbours, but the {} input holds {} rows; k must be 1 to {}", metric, inputs.k,
      side == Side::kGenerated ? "generated" : "reference", n, n - 1));
}

Scoring of_pairs(const MetricInputs& inputs, std::string_view metric, std::string estimator) {
  return {.metric = metric,
          .estimator = std::move(estimator),
          .n_generated = inputs.features.generated.size(0),
          .n_real = inputs.features.reference.size(0)};
}

Scoring of_balls(const MetricInputs& inputs, std::string_view metric) {
  const bool open = inputs.compat == "prdc";
  Scoring scoring =
      of_pairs(inputs, metric,
               fmt::format("k-th other neighbour, {} balls, exact", open ? "open" : "closed"));
  scoring.settings["k"] = std::to_string(inputs.k);
  return scoring;
}

template <class T>
Mean share(const std::vector<T>& hits) {
  const auto n = static_cast<std::int64_t>(hits.size());
  const auto inside = std::count_if(hits.begin(), hits.end(), [](T hit) { return hit > 0; });
  const double value = static_cast<double>(inside) / static_cast<double>(n);
  return {value, binomial_standard_error(value, n)};
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
  const auto found = statistics(inputs, "precision", Side::kReference);
  return scored(inputs, share(found->balls_hit), of_balls(inputs, "precision"));
}

MetricValue compute_recall(const MetricInputs& inputs) {
  const auto found = statistics(inputs, "recall", Side::kGenerated);
  return scored(inputs, share(found->reference_hit), of_balls(inputs, "recall"));
}

MetricValue compute_density(const MetricInputs& inputs) {
  const auto found = statistics(inputs, "density", Side::kReference);
  const auto& hits = found->balls_hit;
  const auto per_ball = at::tensor(std::vector<double>(hits.begin(), hits.end()), at::kDouble) /
                        static_cast<double>(inputs.k);
  return scored(inputs, mean_of(per_ball), of_balls(inputs, "density"));
}

MetricValue compute_coverage(const MetricInputs& inputs) {
  const auto found = statistics(inputs, "coverage", Side::kReference);
  return scored(inputs, share(found->covered), of_balls(inputs, "coverage"));
}

MetricValue compute_authpct(const MetricInputs& inputs) {
  check_compat(inputs.compat, "authpct");
  stored_features(inputs, "authpct");
  const auto found = pair_statistics(inputs, "authpct");
  const Mean authentic = share(found->authentic);
  return scored(inputs, {authentic.value * 100.0, authentic.standard_error * 100.0},
                of_pairs(inputs, "authpct", "nearest reference against its nearest other, exact"));
}

}  // namespace assay
