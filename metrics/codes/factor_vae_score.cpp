// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/factor_vae_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "metrics/codes/binned_columns.h"
#include "metrics/codes/code_groups.h"
#include "metrics/inputs.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::string_view kName = "factor_vae_score";

// What groups say, whoever drew them.
struct Votes {
  at::Tensor within, variances;
  std::vector<std::int64_t> factors;
  Scoring scoring;
};

Votes given_votes(const MetricInputs& inputs) {
  const CodeInputs& given = inputs.codes;
  const CodeGroups groups = checked_groups(given.group_codes, given.group_factors, 3, kName);
  const auto variances = checked_values(given.variances, {kName, "code variance"});
  if (variances.size(0) != groups.values.size(2) || (variances < 0.0).any().item<bool>()) {
    throw Error(fmt::format("{}: variances {} of {} codes; needs one of each, not negative", kName,
                            c10::str(variances.sizes()), groups.values.size(2)));
  }
  const std::int64_t count = groups.values.size(0), size = groups.values.size(1);
  at::Tensor within;
  run_serial([&] { within = group_variances(groups.values); });
  return {within,
          variances,
          groups.factors,
          {.metric = kName,
           .estimator = "majority vote, accuracy on its own votes",
           .n_real = count * size,
           .settings = {{"group_size", std::to_string(size)}}}};
}

Votes drawn_votes(const MetricInputs& inputs) {
  const CheckedCodes codes = checked_codes(inputs, kName);
  const GroupDraw draw = group_draw(inputs, kName);
  const RowGroups groups = draw_groups(codes, draw, kName);
  const auto seed = whole_option(inputs, "factor_vae_score.seed");
  at::Tensor variances;
  run_serial([&] { variances = codes.values.var(0, /*unbiased=*/true); });
  return {
      of_groups(codes.values, groups.rows, group_variances),
      variances,
      groups.factors,
      {.metric = kName,
       .estimator = "majority vote of groups of the reference, accuracy on its own",
       .n_real = codes.values.size(0),
       .settings = {{"group_size", std::to_string(draw.size)}, {"seed", std::to_string(seed)}}}};
}

}  // namespace

at::Tensor group_variances(const at::Tensor& groups) { return groups.var(1, /*unbiased=*/true); }

double factor_vae_score(const at::Tensor& within, const std::vector<std::int64_t>& factors,
                        const at::Tensor& variances, double least_deviation) {
  TORCH_CHECK(within.dim() == 2 && variances.dim() == 1 && within.size(1) == variances.size(0) &&
                  within.size(0) == std::ssize(factors),
              "factor_vae_score: groups ", within.sizes(), " of variances ", variances.sizes(),
              " and ", factors.size(), " factors");
  at::Tensor choices;
  run_serial([&] {
    const auto active = (variances.sqrt() >= least_deviation).nonzero().squeeze(1);
    if (active.numel() == 0) return;
    const auto scaled = within.index_select(1, active) / variances.index_select(0, active);
    // Codes that tie, as of variance 0, are settled by what they hold.
    const auto order = order_by_values(scaled);
    choices = order.index_select(0, scaled.index_select(1, order).argmin(1)).contiguous();
  });
  if (!choices.defined()) return 0.0;
  const auto n_factors =
      static_cast<std::size_t>(*std::max_element(factors.begin(), factors.end()) + 1);
  std::vector<std::int64_t> votes(static_cast<std::size_t>(variances.size(0)) * n_factors);
  const auto* chosen = choices.const_data_ptr<std::int64_t>();
  for (std::size_t group = 0; group < factors.size(); ++group) {
    ++votes[static_cast<std::size_t>(chosen[group]) * n_factors +
            static_cast<std::size_t>(factors[group])];
  }
  std::int64_t right = 0;
  for (std::size_t code = 0; code < votes.size(); code += n_factors) {
    const auto begin = votes.begin() + static_cast<std::ptrdiff_t>(code);
    right += *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(n_factors));
  }
  return static_cast<double>(right) / static_cast<double>(factors.size());
}

MetricValue compute_factor_vae_score(const MetricInputs& inputs) {
  const bool given = inputs.codes.group_codes.defined();
  const Votes votes = given ? given_votes(inputs) : drawn_votes(inputs);
  const double least = option(inputs, "factor_vae_score.least_deviation");
  const double score = factor_vae_score(votes.within, votes.factors, votes.variances, least);
  Scoring scoring = votes.scoring;
  scoring.settings["groups"] = std::to_string(votes.factors.size());
  scoring.settings["least_deviation"] = fmt::format("{}", least);
  return scored(inputs, {score, binomial_standard_error(score, votes.within.size(0))}, scoring);
}

}  // namespace assay
