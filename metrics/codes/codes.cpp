// SPDX-License-Identifier: Apache-2.0
#include "metrics/codes/codes.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <string>

#include "core/error.h"
#include "core/random.h"
#include "metrics/inputs.h"

namespace assay {
namespace {

constexpr std::int64_t kLeastRows = 10;
constexpr std::uint64_t kSplitSeed = 0x636f646573;  // "codes"

void check_factors(const at::Tensor& factors, std::int64_t dimensions, std::int64_t rows,
                   std::string_view metric) {
  if (factors.defined() && factors.dim() == dimensions && factors.scalar_type() == at::kLong &&
      factors.size(0) == rows && factors.numel() > 0) {
    return;
  }
  throw Error(fmt::format("{}: needs whole factors for each of {} rows of codes, has {}", metric,
                          rows, factors.defined() ? c10::str(factors.sizes()) : "none"));
}

std::int64_t size_of_factor(const CodeInputs& inputs, std::int64_t factor,
                            std::string_view metric) {
  const auto column = inputs.factors.select(1, factor);
  const auto low = column.min().item<std::int64_t>();
  const auto high = column.max().item<std::int64_t>();
  std::int64_t size = high + 1;
  if (inputs.factor_sizes.defined()) {
    TORCH_CHECK(
        inputs.factor_sizes.dim() == 1 && inputs.factor_sizes.size(0) == inputs.factors.size(1),
        "checked_codes: factor_sizes ", inputs.factor_sizes.sizes(), " of factors ",
        inputs.factors.sizes());
    size = inputs.factor_sizes[factor].item<std::int64_t>();
  }
  if (low < 0 || high >= size) {
    throw Error(fmt::format("{}: factor {} runs from {} to {}, outside of 0 to {}", metric, factor,
                            low, high, size - 1));
  }
  if (low == high) {
    throw Error(
        fmt::format("{}: factor {} is {} in all rows, so no code can tell its values "
                    "apart; vary it or leave it out",
                    metric, factor, low));
  }
  return size;
}

}  // namespace

CheckedCodes checked_codes(const MetricInputs& inputs, std::string_view metric) {
  const CodeInputs& given = inputs.codes;
  CheckedCodes codes{checked_rows(given.means, {metric, "code"}), given.factors, {}};
  check_factors(given.factors, 2, codes.values.size(0), metric);
  if (codes.values.size(0) < kLeastRows || codes.values.size(1) < 2) {
    throw Error(fmt::format("{}: {} rows of {} codes; needs {} rows and 2 codes or more", metric,
                            codes.values.size(0), codes.values.size(1), kLeastRows));
  }
  for (std::int64_t factor = 0; factor < given.factors.size(1); ++factor) {
    codes.sizes.push_back(size_of_factor(given, factor, metric));
  }
  return codes;
}

CodeGroups checked_groups(const at::Tensor& values, const at::Tensor& factors,
                          std::int64_t dimensions, std::string_view metric) {
  const auto rows = values.defined() && values.dim() > 2 ? values.flatten(1) : values;
  const auto finite = checked_rows(rows, {metric, "code group"});
  if (values.dim() != dimensions || values.size(1) < 2 ||
      (dimensions == 4 && values.size(2) != 2)) {
    throw Error(fmt::format("{}: code groups of shape {}; needs [G,B,{}L] with B of 2 or more",
                            metric, c10::str(values.sizes()), dimensions == 4 ? "2," : ""));
  }
  check_factors(factors, 1, values.size(0), metric);
  CodeGroups groups{finite.view(values.sizes()), {}, factors.max().item<std::int64_t>() + 1};
  const auto whole = factors.contiguous();
  groups.factors.assign(whole.const_data_ptr<std::int64_t>(),
                        whole.const_data_ptr<std::int64_t>() + whole.numel());
  if (factors.min().item<std::int64_t>() < 0 || (factors == factors[0]).all().item<bool>()) {
    throw Error(
        fmt::format("{}: the groups' factors must count from 0 and be two or more, so that "
                    "there is something to tell apart",
                    metric));
  }
  return groups;
}

Split train_test_split(std::int64_t n) {
  const auto order = at::tensor(RandomStream(kSplitSeed).permutation(n), at::kLong);
  const std::int64_t train = n - n / 3;
  return {order.slice(0, 0, train), order.slice(0, train)};
}

}  // namespace assay
