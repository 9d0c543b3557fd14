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

std::vector<LossValue> loss_values(const std::vector<LossTerm>& terms) {
  std::vector<torch::Tensor> scalars;
  for (const auto& term : terms) {
    scalars.push_back(term.value.detach().reshape({}).to(torch::kFloat64));
  }
  const torch::Tensor stacked = torch::stack(scalars).to(torch::kCPU);
  std::vector<LossValue> values;
  for (std::size_t i = 0; i < terms.size(); ++i) {
    values.push_back({terms[i].name, stacked.const_data_ptr<double>()[i]});
  }
  return values;
}

std::optional<LossValue> LossLog::add(const std::vector<LossValue>& values) {
  std::optional<LossValue> problem;
  for (const LossValue& value : values) {
    Sum& sum = sum_of(value.name);
    sum.sum += value.value;
    ++sum.count;
    if (!std::isfinite(value.value) && !problem) problem = value;
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
