// SPDX-License-Identifier: Apache-2.0
#include "metrics/factor_vae_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/linalg.h"

namespace assay {

double factor_vae_score(const CodeGroups& groups, const at::Tensor& variances,
                        double least_deviation) {
  TORCH_CHECK(groups.values.dim() == 3 && variances.dim() == 1 &&
                  groups.values.size(2) == variances.size(0),
              "factor_vae_score: groups ", groups.values.sizes(), " of variances ",
              variances.sizes());
  at::Tensor choices;
  run_serial([&] {
    const auto active = (variances.sqrt() >= least_deviation).nonzero().squeeze(1);
    if (active.numel() == 0) return;
    const auto scaled = groups.values.index_select(2, active).var(1, /*unbiased=*/true) /
                        variances.index_select(0, active);
    choices = scaled.argmin(1).contiguous();
  });
  if (!choices.defined()) return 0.0;
  const auto factors = static_cast<std::size_t>(groups.n_factors);
  std::vector<std::int64_t> votes(static_cast<std::size_t>(variances.size(0)) * factors);
  const auto* chosen = choices.const_data_ptr<std::int64_t>();
  for (std::size_t group = 0; group < groups.factors.size(); ++group) {
    ++votes[static_cast<std::size_t>(chosen[group]) * factors +
            static_cast<std::size_t>(groups.factors[group])];
  }
  std::int64_t right = 0;
  for (std::size_t code = 0; code < votes.size(); code += factors) {
    const auto begin = votes.begin() + static_cast<std::ptrdiff_t>(code);
    right += *std::max_element(begin, begin + static_cast<std::ptrdiff_t>(factors));
  }
  return static_cast<double>(right) / static_cast<double>(groups.factors.size());
}

MetricValue compute_factor_vae_score(const MetricInputs& inputs) {
  constexpr std::string_view kName = "factor_vae_score";
  const CodesAndFactors& given = inputs.disentanglement;
  const CodeGroups groups = checked_groups(given.group_codes, given.group_factors, 3, kName);
  const auto variances = checked_values(given.variances, {kName, "code variance"});
  if (variances.size(0) != groups.values.size(2) || (variances < 0.0).any().item<bool>()) {
    throw Error(fmt::format("{}: variances {} of {} codes; needs one of each, not negative", kName,
                            c10::str(variances.sizes()), groups.values.size(2)));
  }
  const double least = option(inputs, "factor_vae_score.least_deviation");
  const double score = factor_vae_score(groups, variances, least);
  auto protocol = codes_protocol(inputs, kName, "majority vote, accuracy on its own votes",
                                 groups.values.size(0) * groups.values.size(1));
  protocol["groups"] = std::to_string(groups.values.size(0));
  protocol["group_size"] = std::to_string(groups.values.size(1));
  protocol["least_deviation"] = fmt::format("{}", least);
  return {std::string(kName), score, binomial_standard_error(score, groups.values.size(0)),
          protocol};
}

}  // namespace assay
