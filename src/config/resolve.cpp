// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "config/definition.h"
#include "config/effect.h"
#include "config/extends.h"
#include "config/first_stage.h"
#include "config/gate_rule.h"
#include "config/toml_source.h"
#include "config/validate.h"
#include "core/error.h"
#include "core/paths.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

const std::string kSmokePrefix = "smoke.";
constexpr int kMemberLayer = kOwnLayer + 1, kOverrideLayer = kOwnLayer + 2;

std::string top_text(const SourceTable& values, const std::string& path,
                     std::string fallback = {}) {
  const auto found = values.find(path);
  if (found == values.end()) return fallback;
  return std::get<std::string>(checked(*find_key(top_schema(), path), found->second));
}

// Whether [smoke] would lengthen what somebody has cut shorter over it.
bool is_cut_already(const SourceTable& values, const std::string& path, const SourceValue& smoke) {
  const auto found = values.find(path);
  if (found == values.end() || found->second.layer <= smoke.layer) return false;
  const auto* own = std::get_if<std::int64_t>(&found->second.value);
  const auto* cut = std::get_if<std::int64_t>(&smoke.value);
  return own != nullptr && cut != nullptr && *own > 0 && *own < *cut;
}

// Checks each [smoke] entry as the key it stands for; applies it when asked to.
void apply_smoke(SourceTable& values, const Schema& schema, bool apply) {
  SourceTable smoke;
  std::erase_if(values, [&](const auto& entry) {
    if (!entry.first.starts_with(kSmokePrefix)) return false;
    smoke[entry.first.substr(kSmokePrefix.size())] = entry.second;
    return true;
  });
  for (auto& [path, value] : smoke) {
    checked(require_key(schema, path, value.where), value);
    if (!apply || is_cut_already(values, path, value)) continue;
    value.where += " ([smoke])";
    values[path] = value;
  }
}

std::string family_of(const SourceTable& values, const std::string& label) {
  const std::string family = top_text(values, "family");
  if (family.empty()) {
    throw Error(
        fmt::format("{}: no 'family' is given; a definition needs at least family = \"…\" "
                    "(see experiments/README.md)",
                    label));
  }
  if (family.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_-") != std::string::npos) {
    throw Error(fmt::format("{}: family = {} is not the name of a family",
                            values.at("family").where, to_toml(family)));
  }
  return family;
}

FamilyKeys keys_of(const SourceValue& family, const FamilySchema& family_schema) {
  try {
    return family_schema(std::get<std::string>(family.value));
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: {}", family.where, problem.what()));
  }
}

// The keys that a definition of this family may hold, top-level ones included.
Schema whole_schema(const FamilyKeys& family) {
  Schema schema = top_schema();
  schema.insert(schema.end(), common_schema().begin(), common_schema().end());
  schema.insert(schema.end(), family.schema.begin(), family.schema.end());
  return schema;
}

// What is written without quotes is the text of a key that is a text: 2024 may be a folder's name.
Value value_of(const Override& change) {
  const Key* key = find_key(common_schema(), change.path);
  const bool is_text = key != nullptr && std::holds_alternative<std::string>(key->default_value);
  const bool is_quoted = change.value.starts_with('"') || change.value.starts_with('\'');
  return is_text && !is_quoted ? Value(change.value) : parse_value(change.value);
}

void apply_overrides(SourceTable& values, const std::vector<Override>& overrides, int layer) {
  for (const Override& change : overrides) {
    Value value = value_of(change);
    start_path_from(change.folder.empty() ? absolute_path(".") : change.folder, change.path, value);
    values[change.path] = {std::move(value), change.origin, layer};
  }
}

struct Revisions {
  int common, family;
};

// With which revisions a text was written. One that does not say, and is not stored, is of today.
Revisions revisions_of(const SourceTable& values, const FamilyKeys& family, bool stored) {
  const auto given = values.find("revision");
  if (given == values.end()) {
    return stored ? Revisions{1, 1} : Revisions{kCommonRevision, family.revision};
  }
  const Value list = checked(*find_key(top_schema(), "revision"), given->second);
  const auto& numbers = std::get<std::vector<std::int64_t>>(list);
  if (numbers.size() != 2 || numbers[0] > kCommonRevision || numbers[1] > family.revision) {
    throw Error(
        fmt::format("{}: revision = {} is not one that this assay knows: [{}, {}] or less; "
                    "update assay",
                    given->second.where, to_toml(list), kCommonRevision, family.revision));
  }
  return {static_cast<int>(numbers[0]), static_cast<int>(numbers[1])};
}

void upgrade(SourceTable& values, const std::vector<Upgrade>& upgrades, int revision) {
  for (const Upgrade& change : upgrades) {
    if (revision >= change.since) continue;
    const auto old = values.find(change.old_path);
    const bool is_there = old != values.end();
    if (change.absent) {
      if (!is_there) values[change.path] = {*change.value, "the default of then"};
      continue;
    }
    if (!is_there || (change.old_value && old->second.value != *change.old_value)) continue;
    SourceValue moved = old->second;
    if (change.value) moved.value = *change.value;
    values.erase(old);
    values[change.path] = std::move(moved);
  }
}

Definition build(SourceTable values, const std::string& label, const FamilySchema& family_schema,
                 ResolveOptions options) {
  FirstStageSource first_stage = taken_for_first_stage(values, options);
  apply_overrides(values, options.member, kMemberLayer);
  SourceTable overridden = values;
  apply_overrides(overridden, options.overrides, kOverrideLayer);
  Definition definition;
  definition.family = family_of(overridden, label);
  const FamilyKeys family = keys_of(overridden.at("family"), family_schema);
  definition.common_revision = kCommonRevision;
  definition.family_revision = family.revision;
  const Revisions written = revisions_of(values, family, options.stored);
  upgrade(values, common_upgrades(), written.common);
  upgrade(values, family.upgrades, written.family);
  const Schema schema = whole_schema(family);
  apply_smoke(values, schema, options.smoke);
  apply_overrides(values, options.overrides, kOverrideLayer);
  read_gate_rules(values);  // that they can be read
  for (const auto& [path, source] : values) {
    if (path.starts_with(kGateTable)) {
      definition.gate[path.substr(kGateTable.size())] = source.value;
    } else {
      require_key(schema, path, source.where);
    }
  }
  // Stored text was checked when it ran; what is changed of it now was not.
  if (options.check_effects) check_effects(schema, values);
  if (options.stored) check_effects(schema, values, kOverrideLayer);

  definition.name = top_text(values, "name");
  definition.note = top_text(values, "note");
  definition.reproduces = top_text(values, "reproduces");
  definition.tier = top_text(values, "tier", "cpu");
  definition.seeds = {0};
  if (const auto seeds = values.find("seeds"); seeds != values.end()) {
    const Value list = checked(*find_key(top_schema(), "seeds"), seeds->second);
    const auto& numbers = std::get<std::vector<std::int64_t>>(list);
    definition.seeds.assign(numbers.begin(), numbers.end());
  }
  for (const Key& key : schema) {
    if (find_key(top_schema(), key.path) != nullptr) continue;
    const auto given = values.find(key.path);
    const bool is_given = given != values.end();
    Value value = is_given ? checked(key, given->second) : key.default_value;
    definition.values[key.path] = {std::move(value), is_given ? given->second.where : "default",
                                   key.identity, key.default_value};
  }
  definition.first_stage = resolve_first_stage(
      definition, std::move(first_stage), label,
      {.file = [&](const fs::path& file,
                   const ResolveOptions& own) { return resolve_file(file, family_schema, own); },
       .text =
           [&](SourceTable own, const ResolveOptions& given) {
             return build(std::move(own), label + " [first_stage]", family_schema, given);
           }});
  return definition;
}

}  // namespace

Override parse_override(std::string_view argument) {
  const auto equals = argument.find('=');
  if (equals == std::string_view::npos || equals == 0) {
    throw Error(
        fmt::format("--set {}: needs the form key=value, for example "
                    "--set train.batch_size=64",
                    argument));
  }
  return {std::string(argument.substr(0, equals)), std::string(argument.substr(equals + 1)),
          fmt::format("--set {}", argument)};
}

Definition resolve_file(const fs::path& file, const FamilySchema& schema,
                        const ResolveOptions& options) {
  SourceTable values = read_extended(file, options);
  if (const auto whole = values.find(std::string(kFirstStageTable) + "family");
      whole != values.end()) {
    throw Error(
        fmt::format("{}: [first_stage] changes keys of the experiment that {} names, whose "
                    "family is what it is; leave 'family' out",
                    whole->second.where, kFirstStageKey));
  }
  Definition definition = build(std::move(values), file_label(file), schema, options);
  if (definition.name.empty()) definition.name = experiment_name(file, options.experiments);
  return definition;
}

Definition resolve_text(std::string_view toml, const std::string& label, const FamilySchema& schema,
                        const ResolveOptions& options) {
  return build(expand_text(toml, label, options), label, schema, options);
}

}  // namespace assay
