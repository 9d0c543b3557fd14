// SPDX-License-Identifier: Apache-2.0
#include "harness/loss_log.h"

#include <algorithm>
#include <cmath>

namespace assay {

LossLog::Sum& LossLog::sum_of(const std::string& name) {
  const auto found =
      std::find_if(sums_.begin(), sums_.end(), [&](const Sum& sum) { return sum.name == name; });
  if (found != sums_.end()) return *found;
  sums_.push_back({name});
  return sums_.back();
}

std::optional<LossLog::NonFinite> LossLog::add(const std::vector<LossTerm>& terms) {
  std::vector<torch::Tensor> values;
  for (const auto& term : terms) {
    values.push_back(term.value.detach().reshape({}).to(torch::kFloat64));
  }
  // One transfer for all terms.
  const torch::Tensor stacked = torch::stack(values).to(torch::kCPU);
  const double* value = stacked.const_data_ptr<double>();
  std::optional<NonFinite> problem;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    Sum& sum = sum_of(terms[i].name);
    sum.sum += value[i];
    ++sum.count;
    if (!std::isfinite(value[i]) && !problem) problem = NonFinite{terms[i].name, value[i]};
  }
  return problem;
}

Scalars LossLog::take(std::int64_t images_seen) {
  Scalars scalars{images_seen, {}};
  for (Sum& sum : sums_) {
    if (sum.count == 0) continue;
    scalars.values.emplace_back(sum.name, sum.sum / static_cast<double>(sum.count));
    sum = {sum.name};
  }
  return scalars;
}

}  // namespace assay
