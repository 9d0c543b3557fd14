// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "config/schema.h"

namespace assay {

/// As far as a signed 64-bit number of SQLite goes.
inline constexpr std::uint64_t kLargestSeed = (std::uint64_t{1} << 63) - 1;

/// A value together with where it was set: "experiments/vae/x.toml:14", "--set", "default".
struct ResolvedValue {
  Value value;
  std::string origin;
  bool identity = true;         ///< can change a number
  Value default_value = false;  ///< of the key: a value that equals it is no part of an id
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
  int common_revision = 1;           ///< of the keys that every experiment has
  int family_revision = 1;           ///< of the family's keys
  std::map<std::string, ResolvedValue>
      values;  ///< by dotted path; everything that can change a number
  /// The definition whose trained weights this one starts from (model.first_stage), on this one's
  /// [dataset]; none: nullptr.
  std::shared_ptr<const Definition> first_stage;
  /// What its [gate.<metric>] tables say ("fd.relative"): how changes of its scores are judged.
  std::map<std::string, Value> gate;

  /// Typed access. A path that is not in the schema, or has another type, is a programmer's error
  /// (std::logic_error). number() also reads integers.
  bool boolean(std::string_view path) const;
  std::int64_t integer(std::string_view path) const;
  double number(std::string_view path) const;
  const std::string& text(std::string_view path) const;
  const std::vector<std::int64_t>& integers(std::string_view path) const;
  const std::vector<std::string>& texts(std::string_view path) const;
  bool has(std::string_view path) const;

  /// What the identity is computed from: the family, the revisions of both schemas, then sorted
  /// "path = value" lines of the keys that differ from their defaults. So a new key whose default
  /// keeps the old behaviour moves no id; last the training_id of a first stage. Not part of it:
  /// name, note, seeds, gate, paths, thread count, device.
  std::string canonical() const;
  /// The same without [eval] and [sampler]: only what can change weights.
  std::string training_canonical() const;
  /// SHA-256 of canonical() and training_canonical(), 64 hex digits.
  std::string id() const;
  std::string training_id() const;
  /// The whole definition as TOML that resolves to this definition again (no extends, no [smoke]).
  std::string toml() const;

 private:
  std::string canonical_of(bool scores_too) const;
  std::string toml_below(const std::string& prefix) const;
  const Value& find(std::string_view path) const;
};

/// "key=value" from --set or a sweep point, value in TOML syntax (bare words are taken as text).
struct Override {
  std::string path;
  std::string value;
  std::string origin = "--set";
  std::filesystem::path folder = {};  ///< that relative paths start from; empty: the working folder
};

/// Splits "key=value". Throws Error when there is no '='.
Override parse_override(std::string_view argument);

/// The keys a family adds to the common ones. Throws Error for an unknown family (with the near
/// miss).
using FamilySchema = std::function<FamilyKeys(const std::string& family)>;

struct ResolveOptions {
  std::vector<Override> overrides = {};
  bool smoke = false;  ///< apply the definition's [smoke] table
  std::filesystem::path experiments =
      {};  ///< root that `extends` falls back to and names are relative to
  std::vector<Override> member = {};  ///< a suite's for its member: under [smoke] and overrides
  bool check_effects = false;  ///< refuse a key that something else switches off (config/effect.h)
  /// A text from a database: if it names no revision, it is of the first ones.
  bool stored = false;
};

/// Which key names a first stage, and the table that changes its keys: [first_stage.train] images =
/// 9
inline constexpr std::string_view kFirstStageKey = "model.first_stage";
inline constexpr std::string_view kFirstStageTable = "first_stage.";

/// Keys at the top of a definition: name, family, note, seeds, tier, reproduces, extends.
const Schema& top_schema();

/// Keys that every experiment has (dataset, train, optimizer, ema, eval); the family adds model,
/// objective, sampler.
const Schema& common_schema();

/// Raised whenever a default or the meaning of a common key changes; common_upgrades() says how.
inline constexpr int kCommonRevision = 2;
const std::vector<Upgrade>& common_upgrades();

/// Reads a TOML file, expands `extends`, applies [smoke] and overrides, fills defaults in and
/// validates all of it. Throws Error with file:line:column, the near miss and the known keys.
Definition resolve_file(const std::filesystem::path& file, const FamilySchema& schema,
                        const ResolveOptions& options);

/// The same for text from the database; `label` stands for the file in errors.
Definition resolve_text(std::string_view toml, const std::string& label, const FamilySchema& schema,
                        const ResolveOptions& options);

/// The id that a stored definition had before ids left defaults out: SHA-256 over all keys of the
/// text. Databases of that time are checked by it.
std::string id_of_all_keys(std::string_view toml, const std::string& label);

}  // namespace assay
