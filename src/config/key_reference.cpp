// SPDX-License-Identifier: Apache-2.0
#include "config/key_reference.h"

#include <fmt/format.h>

#include <cmath>

namespace assay {
namespace {

std::string choices_text(const Key& key) {
  std::string text;
  for (const auto& choice : key.choices)
    text += fmt::format("{}`\"{}\"`", text.empty() ? ": " : ", ", choice);
  return text;
}

std::string range_text(const Key& key) {
  const bool numeric = key.default_value.index() == 1 || key.default_value.index() == 2 ||
                       key.default_value.index() == 4;
  if (!numeric || (std::isinf(key.minimum) && std::isinf(key.maximum))) return "";
  if (std::isinf(key.maximum)) return fmt::format(", ≥ {}", key.minimum);
  if (std::isinf(key.minimum)) return fmt::format(", ≤ {}", key.maximum);
  return fmt::format(", {} … {}", key.minimum, key.maximum);
}

}  // namespace

std::string key_reference(std::string_view heading, const Schema& schema) {
  std::string text = fmt::format(
      "## {}\n\n| key | type | default | meaning |\n| --- | --- | --- | --- |\n", heading);
  for (const Key& key : schema) {
    text +=
        fmt::format("| `{}` | {}{}{} | `{}` | {}{}{} |\n", key.path, type_name(key.default_value),
                    range_text(key), choices_text(key), to_toml(key.default_value), key.meaning,
                    key.unit.empty() ? "" : fmt::format(" ({})", key.unit),
                    key.identity ? "" : "; not part of the id");
  }
  return text + "\n";
}

}  // namespace assay
