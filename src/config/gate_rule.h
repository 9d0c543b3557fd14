// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "config/schema.h"
#include "config/toml_source.h"

namespace assay {

/// What a metric's verdict means to `assay gate`.
enum class Importance {
  kCritical,    ///< worse fails the gate, not measured likewise
  kSupporting,  ///< worse fails the gate
  kAdvisory     ///< is shown
};
std::string_view importance_name(Importance importance);

/// One [gate.<metric>] table of a definition: when a change counts. Both guards must be passed.
struct GateRule {
  Importance importance = Importance::kCritical;
  double absolute = 0.0;  ///< a change up to this does not matter, in the metric's unit
  double relative = 0.0;  ///< nor up to this share of the baseline's mean
  /// The same if a change larger than this can be ruled out, in the metric's unit; nothing: a tenth
  /// of the baseline's mean.
  std::optional<double> equivalence = {};
};

/// Keys of one [gate.<metric>] table.
const Schema& gate_schema();

inline constexpr std::string_view kGateTable = "gate.";

/// Rules by metric, of the paths that begin with "gate."; others are passed over. Throws Error with
/// file:line:column for an unknown key, a wrong type or a value out of range.
std::map<std::string, GateRule> read_gate_rules(const SourceTable& values);

/// What separates metric and key in a path without "gate.": {"fd", "relative"}.
std::pair<std::string, std::string> split_gate_path(std::string_view path);

}  // namespace assay
