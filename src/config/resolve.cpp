// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "config/definition.h"
#include "config/effect.h"
#include "config/toml_source.h"
#include "config/validate.h"
#include "core/error.h"
#include "core/file.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxExtends = 8;
const std::string kSmokePrefix = "smoke.";
// What is set later lies in a higher layer.
constexpr int kExtendedLayer = 0, kOwnLayer = 1, kMemberLayer = 2, kOverrideLayer = 3;

// Path below the experiments folder without the suffix, else the file's own name.
std::string name_of(const fs::path& file, const fs::path& experiments) {
  if (!experiments.empty()) {
    const fs::path below =
        fs::weakly_canonical(file).lexically_relative(fs::weakly_canonical(experiments));
    if (!below.empty() && *below.begin() != "..") {
      return fs::path(below).replace_extension().generic_string();
    }
  }
  return file.stem().string();
}

// Shorter file names in messages: relative to the working folder where that is below it.
std::string label_of(const fs::path& file) {
  const fs::path below = file.lexically_normal().lexically_proximate(fs::current_path());
  return !below.empty() && *below.begin() != ".." ? below.string() : file.string();
}

class Reader {
 public:
  explicit Reader(const ResolveOptions& options) : options_(options) {}

  SourceTable read(const fs::path& file) {
    const fs::path real = fs::weakly_canonical(file);
    if (std::find(chain_.begin(), chain_.end(), real) != chain_.end()) {
      throw Error(fmt::format("{}: 'extends' leads back to this file", label_of(file)));
    }
    if (chain_.size() == kMaxExtends) {
      throw Error(fmt::format("{}: 'extends' goes through more than {} files", label_of(file),
                              kMaxExtends));
    }
    chain_.push_back(real);
    return expand(read_file(file, kMaxDefinitionBytes), label_of(file), file.parent_path());
  }

  SourceTable expand(std::string_view toml, const std::string& label, const fs::path& folder) {
    TomlSource source = parse_toml(toml, label);
    if (!source.items.empty()) {
      const auto& [name, items] = *source.items.begin();
      throw Error(fmt::format("{}: [[{}]] does not belong in an experiment; suites have [[member]]",
                              items.front().where, name));
    }
    for (auto& [path, value] : source.values) value.layer = kOwnLayer;
    const auto extends = source.values.find("extends");
    if (extends == source.values.end()) return source.values;
    SourceTable merged = read(base_file(extends->second, folder));
    // These say what the base file itself is.
    for (const char* own : {"name", "reproduces", "extends"}) merged.erase(own);
    for (auto& [path, value] : merged) value.layer = kExtendedLayer;
    for (auto& [path, value] : source.values) merged[path] = value;
    merged.erase("extends");
    return merged;
  }

 private:
  fs::path base_file(const SourceValue& extends, const fs::path& folder) const {
    const auto* text = std::get_if<std::string>(&extends.value);
    if (text == nullptr || text->empty()) {
      throw Error(fmt::format("{}: extends must be the path of a definition", extends.where));
    }
    const fs::path wanted = *text;
    std::vector<fs::path> places = {folder / wanted, options_.experiments / wanted};
    if (wanted.extension() != ".toml") places.push_back(options_.experiments / (*text + ".toml"));
    for (const auto& place : places) {
      if (fs::is_regular_file(place)) return place;
    }
    throw Error(fmt::format("{}: extends = '{}' is no file, neither beside this one nor below '{}'",
                            extends.where, *text, options_.experiments.string()));
  }

  const ResolveOptions& options_;
  std::vector<fs::path> chain_;
};

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

// The keys that a definition of this family may hold, top-level ones included.
Schema whole_schema(const SourceValue& family, const FamilySchema& family_schema) {
  Schema schema = top_schema();
  schema.insert(schema.end(), common_schema().begin(), common_schema().end());
  try {
    const Schema more = family_schema(std::get<std::string>(family.value));
    schema.insert(schema.end(), more.begin(), more.end());
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: {}", family.where, problem.what()));
  }
  return schema;
}

void apply_overrides(SourceTable& values, const std::vector<Override>& overrides, int layer) {
  for (const Override& change : overrides) {
    values[change.path] = {parse_value(change.value), change.origin, layer};
  }
}

Definition build(SourceTable values, const std::string& label, const FamilySchema& family_schema,
                 const ResolveOptions& options) {
  apply_overrides(values, options.member, kMemberLayer);
  SourceTable overridden = values;
  apply_overrides(overridden, options.overrides, kOverrideLayer);
  Definition definition;
  definition.family = family_of(overridden, label);
  const Schema schema = whole_schema(overridden.at("family"), family_schema);
  apply_smoke(values, schema, options.smoke);
  apply_overrides(values, options.overrides, kOverrideLayer);
  for (const auto& [path, source] : values) require_key(schema, path, source.where);
  if (options.check_effects) check_effects(schema, values);

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
    definition.values[key.path] = {is_given ? checked(key, given->second) : key.default_value,
                                   is_given ? given->second.where : "default", key.identity};
  }
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
  Definition definition = build(Reader(options).read(file), label_of(file), schema, options);
  if (definition.name.empty()) definition.name = name_of(file, options.experiments);
  return definition;
}

Definition resolve_text(std::string_view toml, const std::string& label, const FamilySchema& schema,
                        const ResolveOptions& options) {
  return build(Reader(options).expand(toml, label, {}), label, schema, options);
}

}  // namespace assay
