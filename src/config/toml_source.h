// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace assay {

/// A value as a TOML file states it, and where.
struct SourceValue {
  Value value;
  std::string where;  ///< "file:line:column"
  int layer = 0;      ///< 0: of a definition that is extended; more: set over it, the highest last
};

/// Dotted path -> value, for the whole of a file.
using SourceTable = std::map<std::string, SourceValue>;

/// One table of an array of tables ([[member]]), and where it begins.
struct SourceItem {
  SourceTable values;
  std::string where;
};

struct TomlSource {
  SourceTable values;
  std::map<std::string, std::vector<SourceItem>> items;  ///< arrays of tables, by name
};

/// Longest definition that is read.
inline constexpr std::size_t kMaxDefinitionBytes = std::size_t{1} << 20;

/// Parses TOML. Throws Error "label:line:column: …" for a syntax error, a repeated key, a date, a
/// nested list or text that is not UTF-8; nesting deeper than 16 tables is refused.
TomlSource parse_toml(std::string_view toml, const std::string& label);

/// One value in TOML syntax; what is not TOML is taken as bare text (--set dataset.name=ring).
Value parse_value(std::string_view text);

}  // namespace assay
