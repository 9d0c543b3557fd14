// SPDX-License-Identifier: Apache-2.0
#include "config/schema.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace assay {
namespace {

std::string quote(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      quoted += '\\';
      quoted += c;
    } else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) {
      quoted += fmt::format("\\u{:04X}", static_cast<int>(c));
    } else {
      quoted += c;
    }
  }
  return quoted + "\"";
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  const bool looks_integral = text.find_first_not_of("-0123456789") == std::string::npos;
  return looks_integral ? text + ".0" : text;
}

struct TomlText {
  std::string operator()(bool value) const { return value ? "true" : "false"; }
  std::string operator()(std::int64_t value) const { return std::to_string(value); }
  std::string operator()(double value) const { return number_text(value); }
  std::string operator()(const std::string& value) const { return quote(value); }
  template <class T>
  std::string operator()(const std::vector<T>& values) const {
    std::string text = "[";
    for (const auto& value : values) text += (text.size() > 1 ? ", " : "") + (*this)(value);
    return text + "]";
  }
};

}  // namespace

std::string_view type_name(const Value& value) {
  constexpr std::array<std::string_view, 6> kNames = {
      "boolean", "integer", "number", "text", "list of integers", "list of texts"};
  return kNames[value.index()];
}

Schema joined(std::initializer_list<Schema> parts) {
  Schema schema;
  for (const auto& part : parts) schema.insert(schema.end(), part.begin(), part.end());
  return schema;
}

void replace(Schema& schema, const Key& key) {
  *std::ranges::find(schema, key.path, &Key::path) = key;
}

bool only_scores(std::string_view path) {
  return path.starts_with("eval.") || path.starts_with("sampler.");
}

std::string to_toml(const Value& value) { return std::visit(TomlText{}, value); }

}  // namespace assay
