// SPDX-License-Identifier: Apache-2.0
#include "core/median.h"

#include <algorithm>

namespace assay {
namespace {

// The upper middle one, put in its place: none before it is larger.
std::vector<double>::iterator place_middle(std::vector<double>& values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return middle;
}

}  // namespace

std::optional<double> median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  const auto middle = place_middle(values);
  if (values.size() % 2 == 1) return *middle;
  return (*std::max_element(values.begin(), middle) + *middle) / 2.0;
}

std::optional<double> upper_median(std::vector<double> values) {
  if (values.empty()) return std::nullopt;
  return *place_middle(values);
}

}  // namespace assay
