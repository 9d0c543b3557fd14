// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/dci.h"

#include <ATen/ATen.h>

#include <cmath>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/error.h"
#include "metrics/codes/binned_columns.h"
#include "metrics/learners/gradient_boosting.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kGroups = 5;
constexpr double kEntropyOffset = 1e-11;
constexpr std::string_view kEstimator =
    "gradient-boosted trees (100 stages, depth 3, rate 0.1) on 2/3 of rows, scored on the rest";

// Mean over rows of 1 − entropy to the base of their length, weighted by the rows' sums.
double weighted_purity(const at::Tensor& importance) {
  double purity = 0.0;
  run_serial([&] {
    const auto p = (importance + kEntropyOffset) / (importance + kEntropyOffset).sum(1, true);
    const double base = std::log(static_cast<double>(importance.size(1)));
    const auto pure = 1.0 + (p * p.log()).sum(1) / base;
    const double total = importance.sum().item<double>();
    const auto shares = total > 0.0 ? importance.sum(1) / total
                                    : at::full_like(pure, 1.0 / static_cast<double>(pure.size(0)));
    purity = (pure * shares).sum().item<double>();
  });
  return purity;
}

// The importances that are learned without one group of the rows each.
std::vector<at::Tensor> learned_without_groups(const CheckedCodes& codes, const at::Tensor& train) {
  std::vector<at::Tensor> importances;
  const std::int64_t rows = train.size(0);
  for (std::int64_t group = 0; group < kGroups; ++group) {
    const auto rest = at::cat(
        {train.slice(0, 0, rows * group / kGroups), train.slice(0, rows * (group + 1) / kGroups)});
    importances.push_back(learned_factors(codes, {rest, train.slice(0, 0, 0)}).importance);
  }
  return importances;
}

// √((g − 1)/g Σ (θ_i − θ̄)²).
double jackknife(const std::vector<at::Tensor>& importances,
                 double (*score)(const at::Tensor& importance)) {
  std::vector<double> values;
  for (const at::Tensor& importance : importances) values.push_back(score(importance));
  const double variance = at::tensor(values, at::kDouble).var(false).item<double>();
  return std::sqrt(static_cast<double>(kGroups - 1) * variance);
}

CheckedCodes checked(const MetricInputs& inputs, std::string_view metric) {
  CheckedCodes codes = checked_codes(inputs, metric);
  if (codes.sizes.size() < 2) {
    throw Error(std::string(metric) + ": there is one factor only; needs 2 or more");
  }
  return codes;
}

// The evaluation's trees if they are of these codes, else a fresh place for them.
std::shared_ptr<DciMemo> trees_of(const MetricInputs& inputs) {
  const auto memo = inputs.trees ? inputs.trees : std::make_shared<DciMemo>();
  const CodeInputs& given = inputs.codes;
  if (!memo->codes.is_same(given.means) || !memo->factors.is_same(given.factors)) {
    *memo = {given.means, given.factors, std::nullopt, {}};
  }
  return memo;
}

const LearnedFactors& learned_once(DciMemo& memo, const CheckedCodes& codes, const Split& split) {
  if (!memo.whole) memo.whole = learned_factors(codes, split);
  return *memo.whole;
}

MetricValue value_of(const MetricInputs& inputs, std::string_view metric,
                     double (*score)(const at::Tensor& importance)) {
  const CheckedCodes codes = checked(inputs, metric);
  const Split split = train_test_split(codes.values.size(0));
  const auto memo = trees_of(inputs);
  const double value = score(learned_once(*memo, codes, split).importance);
  if (memo->without_group.empty()) memo->without_group = learned_without_groups(codes, split.train);
  return scored(
      inputs, {value, jackknife(memo->without_group, score)},
      {.metric = metric, .estimator = std::string(kEstimator), .n_real = codes.values.size(0)});
}

}  // namespace

LearnedFactors learned_factors(const CheckedCodes& codes, const Split& split) {
  // Splits that tie go to the first column: in this order the scores do not depend on the codes'.
  const auto order = order_by_values(codes.values);
  const auto values = codes.values.index_select(1, order);
  const auto train = values.index_select(0, split.train);
  const auto test = values.index_select(0, split.test);
  const auto labels = codes.factors.index_select(0, split.train).t().contiguous();
  const auto truth = codes.factors.index_select(0, split.test).t().contiguous();
  std::vector<at::Tensor> importance, hits;
  for (std::int64_t factor = 0; factor < labels.size(0); ++factor) {
    const auto* first = labels.const_data_ptr<std::int64_t>() + factor * labels.size(1);
    const BoostedTrees trees(train, {first, static_cast<std::size_t>(labels.size(1))});
    importance.push_back(at::tensor(trees.importance(), at::kDouble));
    hits.push_back(at::tensor(trees.predict(test), at::kLong) == truth[factor]);
  }
  const auto in_order = at::stack(importance, 1);
  return {at::empty_like(in_order).index_copy_(0, order, in_order), at::stack(hits)};
}

double dci_disentanglement(const at::Tensor& importance) { return weighted_purity(importance); }

double dci_completeness(const at::Tensor& importance) { return weighted_purity(importance.t()); }

MetricValue compute_dci_disentanglement(const MetricInputs& inputs) {
  return value_of(inputs, "dci_disentanglement", dci_disentanglement);
}

MetricValue compute_dci_completeness(const MetricInputs& inputs) {
  return value_of(inputs, "dci_completeness", dci_completeness);
}

MetricValue compute_dci_informativeness(const MetricInputs& inputs) {
  constexpr std::string_view kName = "dci_informativeness";
  const CheckedCodes codes = checked(inputs, kName);
  const auto memo = trees_of(inputs);
  const auto& learned = learned_once(*memo, codes, train_test_split(codes.values.size(0)));
  const Mean accuracy = mean_of(learned.hits.to(at::kDouble).mean(0));
  return scored(
      inputs, accuracy,
      {.metric = kName, .estimator = std::string(kEstimator), .n_real = codes.values.size(0)});
}

}  // namespace assay
