// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace assay {

enum class Better { kLower, kHigher };

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
