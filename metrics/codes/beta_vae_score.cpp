// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/beta_vae_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/codes/code_groups.h"
#include "metrics/inputs.h"
#include "metrics/learners/logistic_regression.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "beta_vae_score";
constexpr std::string_view kEstimator =
    "multinomial logistic regression, C 1, on 2/3 of groups, scored on the rest";

std::int64_t fitted_groups(std::int64_t groups) { return groups - groups / 3; }

// What pairs say, whoever drew them.
struct Differences {
  at::Tensor values;
  std::vector<std::int64_t> factors;
  Scoring scoring;
};

Differences of_given(const MetricInputs& inputs) {
  const CodeInputs& given = inputs.codes;
  const CodeGroups groups = checked_groups(given.pair_codes, given.pair_factors, 4, kName);
  const std::int64_t all = groups.values.size(0);
  if (all < 3) throw Error(fmt::format("{}: {} groups; needs 3 or more", kName, all));
  const std::int64_t size = groups.values.size(1);
  at::Tensor values;
  run_serial([&] { values = mean_differences(groups.values); });
  return {values,
          groups.factors,
          {.metric = kName,
           .estimator = std::string(kEstimator),
           .n_real = 2 * all * size,
           .settings = {{"group_size", std::to_string(size)}}}};
}

Differences of_drawn(const MetricInputs& inputs) {
  const CheckedCodes codes = checked_codes(inputs, kName);
  const GroupDraw draw = group_draw(inputs, kName);
  const RowGroups pairs = draw_pairs(codes, draw, kName);
  const auto seed = whole_option(inputs, "beta_vae_score.seed");
  return {
      of_groups(codes.values, pairs.rows, mean_differences),
      pairs.factors,
      {.metric = kName,
       .estimator = fmt::format("{}, pairs of the reference", kEstimator),
       .n_real = codes.values.size(0),
       .settings = {{"group_size", std::to_string(draw.size)}, {"seed", std::to_string(seed)}}}};
}

}  // namespace

at::Tensor mean_differences(const at::Tensor& pairs) {
  return (pairs.select(2, 0) - pairs.select(2, 1)).abs().mean(1);
}

double beta_vae_score(const at::Tensor& differences, const std::vector<std::int64_t>& factors) {
  TORCH_CHECK(
      differences.dim() == 2 && differences.size(0) == std::ssize(factors) && factors.size() >= 3,
      "beta_vae_score: needs [G,L] and G factors with G of at least 3, not ", differences.sizes(),
      " and ", factors.size());
  const auto labels = at::tensor(factors, at::kLong);
  const std::int64_t fitted = fitted_groups(labels.size(0));
  const auto classifier = fit_logistic(differences.slice(0, 0, fitted), labels.slice(0, 0, fitted));
  const auto told = predict(classifier, differences.slice(0, fitted));
  const auto right = (told == labels.slice(0, fitted)).sum().item<std::int64_t>();
  return static_cast<double>(right) / static_cast<double>(told.size(0));
}

MetricValue compute_beta_vae_score(const MetricInputs& inputs) {
  const bool given = inputs.codes.pair_codes.defined();
  const Differences differences = given ? of_given(inputs) : of_drawn(inputs);
  const double score = beta_vae_score(differences.values, differences.factors);
  const auto all = std::ssize(differences.factors);
  Scoring scoring = differences.scoring;
  scoring.settings["groups"] = std::to_string(all);
  return scored(inputs, {score, binomial_standard_error(score, all - fitted_groups(all))}, scoring);
}

}  // namespace assay
