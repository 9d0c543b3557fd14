// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "config/schema.h"
#include "config/toml_source.h"

namespace assay {

/// The key of a schema with this path, or nullptr.
const Key* find_key(const Schema& schema, std::string_view path);

/// Throws Error for a path that the schema lacks: "where: unknown key 'x' in [table]; did you mean
/// …".
const Key& require_key(const Schema& schema, const std::string& path, const std::string& where);

/// The value in the key's own type (an integer is taken for a number, an empty list for any list).
/// Throws Error "where: key …" for another type, a value out of range or not among the choices.
Value checked(const Key& key, const SourceValue& source);

/// What a table says of a path of its schema, checked; else the key's default.
template <class T>
T value_of(const SourceTable& values, const Schema& schema, const std::string& path) {
  const Key& key = *find_key(schema, path);
  const auto found = values.find(path);
  return std::get<T>(found == values.end() ? key.default_value : checked(key, found->second));
}

}  // namespace assay
