// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <limits>
#include <string>
#include <string_view>

namespace assay {

enum class Better { kLower, kHigher };

constexpr std::string_view better_name(Better better) {
  return better == Better::kLower ? "lower" : "higher";
}

/// What a lost score counts as where scores are ranked: worse than any other.
constexpr double worst_value(Better better) {
  constexpr double kBeyond = std::numeric_limits<double>::infinity();
  return better == Better::kLower ? kBeyond : -kBeyond;
}

/// What a reader of a score must know of its metric, whoever computed it: kept in the database
/// beside the scores.
struct MetricKind {
  std::string name;  ///< as scores carry it: "fd", "fid", …
  Better better = Better::kLower;
  std::string unit;     ///< "nats per image", "share", …
  std::string meaning;  ///< one line with the formula
  bool operator==(const MetricKind&) const = default;
};

}  // namespace assay
