// SPDX-License-Identifier: Apache-2.0
#include "harness/loss_log.h"

#include <algorithm>
#include <cmath>

namespace assay {
namespace {

// What 0-dim tensors hold. Those on the CPU are read in place: a training step may take less than a
// millisecond, and ten transfers through operators would be three per cent of it.
std::vector<double> values_of(const std::vector<LossTerm>& terms) {
  std::vector<double> values;
  values.reserve(terms.size());
  const bool on_cpu = std::all_of(terms.begin(), terms.end(), [](const LossTerm& term) {
    return term.value.is_cpu() && term.value.numel() == 1;
  });
  if (!on_cpu) {
    // One transfer for all terms.
    std::vector<torch::Tensor> parts;
    for (const auto& term : terms) {
      parts.push_back(term.value.detach().reshape({}).to(torch::kFloat64));
    }
    const torch::Tensor joined = torch::stack(parts).to(torch::kCPU);
    const double* data = joined.const_data_ptr<double>();
    values.assign(data, data + terms.size());
    return values;
  }
  for (const auto& term : terms) {
    values.push_back(term.value.scalar_type() == torch::kFloat
                         ? static_cast<double>(*term.value.const_data_ptr<float>())
                         : term.value.item<double>());
  }
  return values;
}

}  // namespace

LossLog::Sum& LossLog::sum_of(const std::string& name) {
  const auto found =
      std::find_if(sums_.begin(), sums_.end(), [&](const Sum& sum) { return sum.name == name; });
  if (found != sums_.end()) return *found;
  sums_.push_back({name});
  return sums_.back();
}

std::vector<LossValue> loss_values(const std::vector<LossTerm>& terms) {
  const std::vector<double> numbers = values_of(terms);
  std::vector<LossValue> values;
  values.reserve(terms.size());
  for (std::size_t i = 0; i < terms.size(); ++i) values.push_back({terms[i].name, numbers[i]});
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
