// SPDX-License-Identifier: Apache-2.0
#include "config/toml_source.h"

#include <fmt/format.h>

#include <toml++/toml.h>

#include "core/error.h"

namespace assay {
namespace {

constexpr int kMaxDepth = 16;

std::string where(const std::string& label, const toml::source_region& region) {
  return fmt::format("{}:{}:{}", label, region.begin.line, region.begin.column);
}

[[noreturn]] void refuse(const std::string& place, const std::string& path, std::string_view what) {
  throw Error(
      fmt::format("{}: key '{}' holds {}; use a boolean, a number, a text or a list of "
                  "integers or texts",
                  place, path, what));
}

Value to_list(const toml::array& array, const std::string& place, const std::string& path) {
  std::vector<std::int64_t> integers;
  std::vector<std::string> texts;
  for (const auto& element : array) {
    if (const auto* integer = element.as_integer()) {
      integers.push_back(integer->get());
    } else if (const auto* text = element.as_string()) {
      texts.push_back(text->get());
    } else {
      refuse(place, path, "a list of something else");
    }
  }
  if (!integers.empty() && !texts.empty()) refuse(place, path, "a list of mixed types");
  if (!texts.empty()) return texts;
  return integers;
}

Value to_value(const toml::node& node, const std::string& place, const std::string& path) {
  if (const auto* boolean = node.as_boolean()) return boolean->get();
  if (const auto* integer = node.as_integer()) return integer->get();
  if (const auto* number = node.as_floating_point()) return number->get();
  if (const auto* text = node.as_string()) return text->get();
  if (const auto* array = node.as_array()) return to_list(*array, place, path);
  refuse(place, path, "a date or a time");
}

struct Flattener {
  const std::string& label;
  TomlSource& out;

  void table(const toml::table& table, const std::string& prefix, SourceTable& values, int depth) {
    if (depth > kMaxDepth) {
      throw Error(fmt::format("{}: tables are nested deeper than {}", where(label, table.source()),
                              kMaxDepth));
    }
    for (const auto& [key, node] : table) {
      const std::string path =
          prefix.empty() ? std::string(key.str()) : fmt::format("{}.{}", prefix, key.str());
      entry(path, node, values, depth);
    }
  }

  void entry(const std::string& path, const toml::node& node, SourceTable& values, int depth) {
    const auto* array = node.as_array();
    if (const auto* inner = node.as_table()) {
      table(*inner, path, values, depth + 1);
    } else if (array != nullptr && !array->empty() && array->is_array_of_tables()) {
      for (const auto& element : *array) {
        SourceItem item{{}, where(label, element.source())};
        table(*element.as_table(), "", item.values, depth + 1);
        out.items[path].push_back(std::move(item));
      }
    } else {
      const std::string place = where(label, node.source());
      values[path] = {to_value(node, place, path), place};
    }
  }
};

}  // namespace

TomlSource parse_toml(std::string_view toml, const std::string& label) {
  TomlSource source;
  try {
    const toml::table root = toml::parse(toml, label);
    Flattener{label, source}.table(root, "", source.values, 0);
  } catch (const toml::parse_error& problem) {
    throw Error(fmt::format("{}: not valid TOML: {}", where(label, problem.source()),
                            problem.description()));
  }
  return source;
}

Value parse_value(std::string_view text) {
  const bool one_line = text.find_first_of("\r\n") == std::string_view::npos;
  if (one_line && text.size() < kMaxDefinitionBytes) {
    try {
      const toml::table root = toml::parse(fmt::format("v = {}", text));
      const toml::node* node = root.get("v");
      if (root.size() == 1 && !node->is_table()) return to_value(*node, "--set", "value");
    } catch (const toml::parse_error&) {
      // Not TOML: a bare word.
    }
  }
  return std::string(text);
}

}  // namespace assay
