// SPDX-License-Identifier: Apache-2.0
#include "config/validate.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/near_miss.h"
#include "core/utf8.h"

namespace assay {
namespace {

std::pair<std::string, std::string> split_path(const std::string& path) {
  const auto dot = path.find('.');
  if (dot == std::string::npos) return {"", path};
  return {path.substr(0, dot), path.substr(dot + 1)};
}

std::string in_table(const std::string& table) {
  return table.empty() ? "" : fmt::format(" in [{}]", table);
}

std::string with_article(std::string_view type) {
  return fmt::format("{} {}", type == "integer" ? "an" : "a", type);
}

std::vector<std::string> tables_of(const Schema& schema) {
  std::vector<std::string> names;
  for (const Key& key : schema) {
    const std::string table = split_path(key.path).first;
    if (!table.empty() && std::find(names.begin(), names.end(), table) == names.end()) {
      names.push_back(table);
    }
  }
  return names;
}

std::string range_text(const Key& key) {
  std::string unit = key.unit.empty() ? "" : " " + key.unit;
  if (std::isinf(key.maximum)) return fmt::format("at least {}{}", key.minimum, unit);
  return fmt::format("from {} to {}{}", key.minimum, key.maximum, unit);
}

void check_range(const Key& key, double value, const std::string& where) {
  // Written so that NaN is refused too.
  if (value >= key.minimum && value <= key.maximum) return;
  throw Error(fmt::format("{}: {} = {} is out of range: it must be {} ({})", where, key.path, value,
                          range_text(key), key.meaning));
}

void check_choice(const Key& key, const std::string& value, const std::string& where) {
  const auto& known = key.choices;
  if (known.empty() || std::find(known.begin(), known.end(), value) != known.end()) return;
  throw Error(fmt::format("{}: {} = '{}' is not known{}", where, key.path, value,
                          suggestion(value, known, "values")));
}

// The same value in the key's type, or nothing if it has no such reading.
std::optional<Value> converted(const Key& key, const Value& value) {
  if (value.index() == key.default_value.index()) return value;
  const auto* whole = std::get_if<std::int64_t>(&value);
  if (whole != nullptr && std::holds_alternative<double>(key.default_value)) {
    return static_cast<double>(*whole);
  }
  const auto* list = std::get_if<std::vector<std::int64_t>>(&value);
  if (list != nullptr && list->empty() &&
      std::holds_alternative<std::vector<std::string>>(key.default_value)) {
    return std::vector<std::string>{};
  }
  return std::nullopt;
}

struct Checker {
  const Key& key;
  const std::string& where;

  void operator()(bool) const {}
  void operator()(std::int64_t value) const { check_range(key, static_cast<double>(value), where); }
  void operator()(double value) const { check_range(key, value, where); }
  void operator()(const std::string& value) const {
    // A definition is TOML, in the database too, and that is UTF-8.
    if (!is_utf8(value)) {
      throw Error(
          fmt::format("{}: {} is a text that is not UTF-8, which no definition can hold; "
                      "rename what it names",
                      where, key.path));
    }
    check_choice(key, value, where);
  }
  template <class T>
  void operator()(const std::vector<T>& values) const {
    for (const auto& value : values) (*this)(value);
  }
};

}  // namespace

const Key* find_key(const Schema& schema, std::string_view path) {
  const auto found =
      std::find_if(schema.begin(), schema.end(), [&](const Key& key) { return key.path == path; });
  return found == schema.end() ? nullptr : &*found;
}

const Key& require_key(const Schema& schema, const std::string& path, const std::string& where) {
  if (const Key* key = find_key(schema, path)) return *key;
  const auto [table, name] = split_path(path);
  const auto tables = tables_of(schema);
  if (!table.empty() && std::find(tables.begin(), tables.end(), table) == tables.end()) {
    throw Error(fmt::format("{}: unknown table [{}] (key '{}'){}", where, table, path,
                            suggestion(table, tables, "tables")));
  }
  std::vector<std::string> names;
  for (const Key& key : schema) {
    const auto [its_table, its_name] = split_path(key.path);
    if (its_table == table) names.push_back(its_name);
    if (table.empty() && its_name == name) {
      throw Error(fmt::format("{}: unknown key '{}'; did you mean '{}'?", where, name, key.path));
    }
  }
  std::sort(names.begin(), names.end());
  throw Error(fmt::format("{}: unknown key '{}'{}{}", where, name, in_table(table),
                          suggestion(name, names, "keys")));
}

Value checked(const Key& key, const SourceValue& source) {
  const auto value = converted(key, source.value);
  if (!value) {
    const bool is_list = key.default_value.index() == Value(std::vector<std::string>()).index();
    throw Error(fmt::format("{}: {} must be {}, not {} ({}){}", source.where, key.path,
                            with_article(type_name(key.default_value)),
                            with_article(type_name(source.value)), key.meaning,
                            is_list ? "; write [\"a\",\"b\"]" : ""));
  }
  std::visit(Checker{key, source.where}, *value);
  return *value;
}

}  // namespace assay
