// SPDX-License-Identifier: Apache-2.0
#include "metrics/beta_vae_score.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "metrics/inputs.h"
#include "metrics/linalg.h"
#include "metrics/logistic_regression.h"

namespace assay {
namespace {

std::int64_t fitted_groups(std::int64_t groups) { return groups - groups / 3; }

}  // namespace

double beta_vae_score(const CodeGroups& groups) {
  TORCH_CHECK(groups.values.dim() == 4 && groups.values.size(2) == 2 && groups.values.size(0) >= 3,
              "beta_vae_score: needs [G,B,2,L] with G of at least 3, not ", groups.values.sizes());
  at::Tensor differences;
  run_serial([&] {
    differences = (groups.values.select(2, 0) - groups.values.select(2, 1)).abs().mean(1);
  });
  const auto labels = at::tensor(groups.factors, at::kLong);
  const std::int64_t fitted = fitted_groups(labels.size(0));
  const auto classifier = fit_logistic(differences.slice(0, 0, fitted), labels.slice(0, 0, fitted));
  const auto told = predict(classifier, differences.slice(0, fitted));
  const auto right = (told == labels.slice(0, fitted)).sum().item<std::int64_t>();
  return static_cast<double>(right) / static_cast<double>(told.size(0));
}

MetricValue compute_beta_vae_score(const MetricInputs& inputs) {
  constexpr std::string_view kName = "beta_vae_score";
  const CodesAndFactors& given = inputs.disentanglement;
  const CodeGroups groups = checked_groups(given.pair_codes, given.pair_factors, 4, kName);
  const std::int64_t all = groups.values.size(0);
  if (all < 3) throw Error(fmt::format("{}: {} groups; needs 3 or more", kName, all));
  const double score = beta_vae_score(groups);
  auto protocol = codes_protocol(
      inputs, kName, "multinomial logistic regression, C 1, on 2/3 of groups, scored on the rest",
      2 * all * groups.values.size(1));
  protocol["groups"] = std::to_string(all);
  protocol["group_size"] = std::to_string(groups.values.size(1));
  return {std::string(kName), score, binomial_standard_error(score, all - fitted_groups(all)),
          protocol};
}

}  // namespace assay
