// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace assay {

/// A value together with where it was set: "experiments/vae/x.toml:14", "--set", "default".
struct ResolvedValue {
  Value value;
  std::string origin;
  bool identity = true;  ///< part of the experiment's id
};

/// A complete, validated experiment: every key of its schema has a value. Immutable.
class Definition {
 public:
  std::string name;        ///< path below experiments/ without .toml, e.g. "vae/fashion_mnist"
  std::string family;      ///< key in the family registry
  std::string note;        ///< free text
  std::string reproduces;  ///< id of a published row, or empty
  std::string tier;        ///< "cpu", "gpu" or "paper"
  std::vector<std::uint64_t> seeds;  ///< default training seeds
  std::map<std::string, ResolvedValue>
      values;  ///< by dotted path; everything that can change a number

  /// Typed access. A path that is not in the schema, or has another type, is a programmer's error
  /// (std::logic_error). number() also reads integers.
  bool boolean(std::string_view path) const;
  std::int64_t integer(std::string_view path) const;
  double number(std::string_view path) const;
  const std::string& text(std::string_view path) const;
  const std::vector<std::int64_t>& integers(std::string_view path) const;
  const std::vector<std::string>& texts(std::string_view path) const;
  bool has(std::string_view path) const;

  /// Sorted "path = value" lines, family first: what the identity is computed from. Name, note,
  /// seeds, claims and thread count are not part of it.
  std::string canonical() const;
  /// SHA-256 of canonical(), 64 hex digits.
  std::string id() const;
  /// The whole definition as TOML that resolves to this definition again (no extends, no [smoke]).
  std::string toml() const;

 private:
  const Value& find(std::string_view path) const;
};

/// "key=value" from --set or a sweep point, value in TOML syntax (bare words are taken as text).
struct Override {
  std::string path;
  std::string value;
  std::string origin = "--set";
};

/// Splits "key=value". Throws Error when there is no '='.
Override parse_override(std::string_view argument);

/// The keys a family adds to the common ones. Throws Error for an unknown family (with the near
/// miss).
using FamilySchema = std::function<Schema(const std::string& family)>;

struct ResolveOptions {
  std::vector<Override> overrides = {};
  bool smoke = false;  ///< apply the definition's [smoke] table
  std::filesystem::path experiments =
      {};  ///< root that `extends` falls back to and names are relative to
  std::vector<Override> member = {};  ///< a suite's for its member: under [smoke] and overrides
  bool check_effects = false;  ///< refuse a key that something else switches off (config/effect.h)
};

/// Keys at the top of a definition: name, family, note, seeds, tier, reproduces, extends.
const Schema& top_schema();

/// Keys that every experiment has (dataset, train, optimizer, ema, eval); the family adds model,
/// objective, sampler.
const Schema& common_schema();

/// Reads a TOML file, expands `extends`, applies [smoke] and overrides, fills defaults in and
/// validates all of it. Throws Error with file:line:column, the near miss and the known keys.
Definition resolve_file(const std::filesystem::path& file, const FamilySchema& schema,
                        const ResolveOptions& options);

/// The same for text from the database; `label` stands for the file in errors.
Definition resolve_text(std::string_view toml, const std::string& label, const FamilySchema& schema,
                        const ResolveOptions& options);

}  // namespace assay
