// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace assay {

/// What a key of a definition can hold.
using Value = std::variant<bool, std::int64_t, double, std::string, std::vector<std::int64_t>,
                           std::vector<std::string>>;

/// What another key must hold for a key to have an effect.
struct Need {
  std::string path;
  std::vector<std::string> values = {};  ///< one of these texts or numbers (a list: any in it);
                                         ///< empty: anything but its default
};

/// One key that a definition may set: the only place where its type, default, range and meaning are
/// stated. experiments/README.md is generated from these.
struct Key {
  std::string path;     ///< dotted, e.g. "model.latent_dim"
  Value default_value;  ///< its alternative is the key's type
  std::string meaning;  ///< one line, ends without a full stop
  std::string unit = {};
  double minimum =
      -std::numeric_limits<double>::infinity();  ///< of a number, or of each list element
  double maximum = std::numeric_limits<double>::infinity();
  std::vector<std::string> choices = {};  ///< of a text, or of each list element; empty: any
  bool identity = true;                   ///< can change a number, so it is part of an id
  std::vector<Need> needs = {};           ///< all of them, or the key has no effect
};

using Schema = std::vector<Key>;

/// One after another.
Schema joined(std::initializer_list<Schema> parts);

/// Puts `key` in the place of the one of its path, which is there.
void replace(Schema& schema, const Key& key);

/// Whether a key decides only how weights are scored: it is in [eval] or [sampler].
bool only_scores(std::string_view path);

/// What a key of an earlier revision is called now. The default or the meaning of a key changes
/// only together with the revision of its schema, so that no id silently means something else.
struct Upgrade {
  int since = 1;         ///< the revision that made the change: texts of earlier ones are upgraded
  std::string old_path;  ///< the key then
  std::string path;      ///< the key now
  std::optional<Value> value = {};  ///< what it holds now; nothing: what it held then
  /// Only where it held this; nothing: whatever it held
  std::optional<Value> old_value = {};
  bool absent = false;  ///< where the old text does not have the key: it meant the default of then
};

/// The keys that a family adds to the common ones, and the revision of what they mean.
struct FamilyKeys {
  // NOLINTNEXTLINE(google-explicit-constructor): most families are at their first revision.
  FamilyKeys(Schema keys, int now = 1, std::vector<Upgrade> from = {})
      : schema(std::move(keys)), revision(now), upgrades(std::move(from)) {}
  Schema schema;
  int revision;
  std::vector<Upgrade> upgrades;
};

/// "integer", "number", "text", "boolean", "list of integers", "list of texts".
std::string_view type_name(const Value& value);

/// A value as TOML: shortest text that reads back to the same bits.
std::string to_toml(const Value& value);

}  // namespace assay
