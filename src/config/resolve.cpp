// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/definition.h"
#include "config/effect.h"
#include "config/extends.h"
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

// Those of a first stage, as it knows them itself, leave the others.
std::vector<Override> taken_for_first_stage(std::vector<Override>& overrides) {
  std::vector<Override> taken;
  std::erase_if(overrides, [&](Override& one) {
    if (!one.path.starts_with(kFirstStageTable)) return false;
    one.path.erase(0, kFirstStageTable.size());
    taken.push_back(std::move(one));
    return true;
  });
  return taken;
}

SourceTable taken_for_first_stage(SourceTable& values) {
  SourceTable taken;
  std::erase_if(values, [&](auto& entry) {
    if (!entry.first.starts_with(kFirstStageTable)) return false;
    taken[entry.first.substr(kFirstStageTable.size())] = std::move(entry.second);
    return true;
  });
  return taken;
}

// What a definition says of its first stage, beside naming it.
struct FirstStageSource {
  SourceTable values;  // its [first_stage.…] tables
  ResolveOptions options;
};

FirstStageSource taken_for_first_stage(SourceTable& values, ResolveOptions& options) {
  FirstStageSource source{taken_for_first_stage(values), options};
  source.options.overrides = taken_for_first_stage(options.overrides);
  source.options.member = taken_for_first_stage(options.member);
  return source;
}

fs::path first_stage_file(const ResolvedValue& named, const fs::path& experiments) {
  const auto& name = std::get<std::string>(named.value);
  std::error_code problem;
  for (const fs::path& place : {fs::path(name), experiments / (name + ".toml")}) {
    if (place.extension() == ".toml" && fs::is_regular_file(place, problem)) return place;
  }
  throw Error(fmt::format("{}: {} = '{}' is no definition, neither a file nor below '{}'",
                          named.origin, kFirstStageKey, name, experiments.string()));
}

Definition build(SourceTable values, const std::string& label, const FamilySchema& family_schema,
                 ResolveOptions options);

void refuse_data_of_its_own(const ResolveOptions& options) {
  for (const auto* changes : {&options.member, &options.overrides}) {
    for (const Override& change : *changes) {
      if (!change.path.starts_with("dataset.")) continue;
      throw Error(
          fmt::format("{}: {}{} has no effect: a first stage is trained on the data of the "
                      "definition that names it; set {} there",
                      change.origin, kFirstStageTable, change.path, change.path));
    }
  }
}

// Before it is resolved: a file may name itself.
void refuse_first_stage_of_first_stage(const SourceTable& values, const ResolveOptions& options,
                                       const ResolvedValue& named) {
  const auto names_one = [](const std::vector<Override>& changes) {
    return std::ranges::any_of(changes, [](auto& one) { return one.path == kFirstStageKey; });
  };
  const auto own = values.find(std::string(kFirstStageKey));
  const bool has_own = own != values.end() && own->second.value != Value(std::string());
  if (!has_own && !names_one(options.member) && !names_one(options.overrides)) return;
  throw Error(fmt::format("{}: {} = {} has a first stage of its own; name one that has none",
                          named.origin, kFirstStageKey, to_toml(named.value)));
}

// A text by itself holds it whole; a file names another file, whose keys it may change.
std::shared_ptr<const Definition> resolve_first_stage(const Definition& definition,
                                                      FirstStageSource source,
                                                      const std::string& label,
                                                      const FamilySchema& family_schema) {
  const bool changes =
      !source.values.empty() || !source.options.overrides.empty() || !source.options.member.empty();
  const auto named = definition.values.find(std::string(kFirstStageKey));
  if (named == definition.values.end() || named->second.value == named->second.default_value) {
    if (!changes) return nullptr;
    throw Error(fmt::format("{}: keys of [first_stage] are given, and {} names none", label,
                            kFirstStageKey));
  }
  Definition first;
  if (source.values.contains("family")) {
    first =
        build(std::move(source.values), label + " [first_stage]", family_schema, source.options);
  } else {
    auto& member = source.options.member;
    for (const auto& [path, value] : source.values) {
      member.insert(member.begin(), {path, to_toml(value.value), value.where});
    }
    refuse_data_of_its_own(source.options);
    const fs::path file = first_stage_file(named->second, source.options.experiments);
    refuse_first_stage_of_first_stage(read_extended(file, source.options), source.options,
                                      named->second);
    first = resolve_file(file, family_schema, source.options);
  }
  for (const auto& [path, value] : definition.values) {
    if (path.starts_with("dataset.")) first.values[path] = value;
  }
  return std::make_shared<const Definition>(std::move(first));
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
  definition.first_stage =
      resolve_first_stage(definition, std::move(first_stage), label, family_schema);
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
