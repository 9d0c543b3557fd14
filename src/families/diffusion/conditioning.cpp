// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/conditioning.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <numeric>

#include "data/factor_grid.h"
#include "families/diffusion/composition.h"
#include "families/labels.h"
#include "families/refuse.h"

namespace assay {
namespace {

using std::int64_t;
using torch::Tensor;

int64_t known_classes(const ModelArgs& args) {
  refuse_if(args.classes == 0, args.definition,
            "model.conditional = true needs labels, which the data set does not have");
  return args.classes;
}

std::vector<Factor> factors_of(const std::vector<int64_t>& sizes) {
  std::vector<Factor> factors;
  for (const auto size : sizes) factors.push_back({.name = {}, .size = size});
  return factors;
}

// The first number from size (√5−1)/2 up that has no common divisor with it.
int64_t stride_of(int64_t size) {
  auto stride = std::llround(std::ceil(static_cast<double>(size) * (std::numbers::phi - 1.0)));
  while (std::gcd(stride, static_cast<long long>(size)) > 1) ++stride;
  return stride;
}

}  // namespace

int64_t told_classes(const ModelArgs& args) {
  const auto& d = args.definition;
  if (!says(d, "model.conditional") || says(d, "model.cross_attention")) return 0;
  return known_classes(args);
}

std::vector<int64_t> told_tokens(const ModelArgs& args) {
  const auto& d = args.definition;
  if (!says(d, "model.cross_attention")) return {};
  if (!tells_attributes(d)) return {known_classes(args)};
  refuse_if(args.factor_sizes.empty(), d,
            "model.tokens = \"attributes\" needs a data set that knows the factors of its images; "
            "take dataset.name = \"shapes\" or \"sprites\", or model.tokens = \"class\"");
  return args.factor_sizes;
}

Conditioning::Conditioning(const ModelArgs& args)
    : told_classes_(told_classes(args)),
      token_sizes_(told_tokens(args)),
      tokens_are_factors_(tells_attributes(args.definition)),
      sample_classes_(says(args.definition, "model.classifier") ? args.classes : told_classes_) {
  if (!token_sizes_.empty() && !tokens_are_factors_) sample_classes_ = token_sizes_.front();
  for (const auto size : token_sizes_) entries_ += size;
}

Condition Conditioning::of(const Batch& examples) const {
  if (token_sizes_.empty()) return {.labels = examples.labels};
  const auto& known = tokens_are_factors_ ? examples.factors : examples.labels;
  if (!known.defined()) {
    throw Error(
        "model.cross_attention = true: these examples come without what the tokens name; "
        "score them on a data set that knows it");
  }
  return of_values(tokens_are_factors_ ? known : known.unsqueeze(1));
}

Condition Conditioning::dropped(const Condition& condition, const Tensor& dropped) const {
  Condition left;
  if (condition.labels.defined()) {
    left.labels = condition.labels.masked_fill(dropped, told_classes_);
  }
  if (condition.tokens.defined()) {
    left.tokens = condition.tokens.masked_fill(dropped.unsqueeze(1), entries_);
  }
  return left;
}

Condition Conditioning::of_samples(int64_t begin, int64_t end) const {
  Condition condition;
  if (!token_sizes_.empty()) condition = of_values(sample_values(begin, end));
  if (sample_classes_ > 0) condition.labels = classes_in_turn(begin, end, sample_classes_);
  return condition;
}

Condition Conditioning::of_values(const Tensor& values) const {
  const auto count = static_cast<int64_t>(token_sizes_.size());
  TORCH_CHECK(values.dim() == 2 && values.size(1) == count && values.scalar_type() == at::kLong,
              "tokens are [N,", count, "] i64, not ", values.sizes(), " ", values.scalar_type());
  std::vector<Tensor> rows;
  int64_t first = 0;
  for (int64_t f = 0; f < count; ++f) {
    rows.push_back(values.select(1, f) + first);
    first += token_sizes_[static_cast<std::size_t>(f)];
  }
  return {.tokens = at::stack(rows, 1)};
}

Tensor Conditioning::sample_values(int64_t begin, int64_t end) const {
  if (token_sizes_.size() == 1) return classes_in_turn(begin, end, token_sizes_[0]).unsqueeze(1);
  const auto factors = factors_of(token_sizes_);
  const auto places = grid_size(factors);
  return factors_at(factors,
                    (at::arange(begin, end, at::kLong) * stride_of(places)).remainder(places));
}

}  // namespace assay
