// SPDX-License-Identifier: Apache-2.0
#include "config/gate_rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "config/validate.h"
#include "core/error.h"

namespace assay {
namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, 3> kImportances = {"critical", "supporting", "advisory"};

Importance importance_of(const std::string& name) {
  return static_cast<Importance>(std::ranges::find(kImportances, name) - kImportances.begin());
}

}  // namespace

std::string_view importance_name(Importance importance) {
  return kImportances[static_cast<std::size_t>(importance)];
}

const Schema& gate_schema() {
  static const Schema keys = {
      {.path = "importance",
       .default_value = std::string("critical"),
       .meaning = "critical: worse, or not measured, fails `assay gate`; supporting: worse fails "
                  "it; advisory: it is shown",
       .choices = {kImportances.begin(), kImportances.end()}},
      {.path = "absolute",
       .default_value = 0.0,
       .meaning = "a change up to this does not matter, in the metric's unit",
       .minimum = 0,
       .maximum = 1e300},
      {.path = "relative",
       .default_value = 0.0,
       .meaning = "nor does one up to this share of the baseline's mean",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "equivalence",
       .default_value = 0.0,
       .meaning = "the same if a larger change can be ruled out, in the metric's unit; left out: a "
                  "tenth of the baseline's mean",
       .minimum = 0,
       .maximum = 1e300}};
  return keys;
}

std::pair<std::string, std::string> split_gate_path(std::string_view path) {
  const auto dot = path.rfind('.');
  if (dot == std::string_view::npos) return {std::string(path), ""};
  return {std::string(path.substr(0, dot)), std::string(path.substr(dot + 1))};
}

std::map<std::string, GateRule> read_gate_rules(const SourceTable& values) {
  std::map<std::string, SourceTable> by_metric;
  for (const auto& [path, value] : values) {
    if (!path.starts_with(kGateTable)) continue;
    const auto [metric, key] = split_gate_path(path.substr(kGateTable.size()));
    if (key.empty()) {
      throw Error(
          fmt::format("{}: '{}' belongs in a table of a metric, as [gate.fd]", value.where, path));
    }
    require_key(gate_schema(), key, value.where);
    by_metric[metric][key] = value;
  }
  std::map<std::string, GateRule> rules;
  for (const auto& [metric, table] : by_metric) {
    GateRule& rule = rules[metric];
    rule.importance = importance_of(value_of<std::string>(table, gate_schema(), "importance"));
    rule.absolute = value_of<double>(table, gate_schema(), "absolute");
    rule.relative = value_of<double>(table, gate_schema(), "relative");
    if (table.contains("equivalence"))
      rule.equivalence = value_of<double>(table, gate_schema(), "equivalence");
  }
  return rules;
}

}  // namespace assay
