// SPDX-License-Identifier: Apache-2.0
#include "config/first_stage.h"

#include <fmt/format.h>

#include <algorithm>
#include <system_error>
#include <utility>
#include <variant>
#include <vector>

#include "config/extends.h"
#include "core/error.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

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

fs::path first_stage_file(const ResolvedValue& named, const fs::path& experiments) {
  const auto& name = std::get<std::string>(named.value);
  std::error_code problem;
  for (const fs::path& place : {fs::path(name), experiments / (name + ".toml")}) {
    if (place.extension() == ".toml" && fs::is_regular_file(place, problem)) return place;
  }
  throw Error(fmt::format("{}: {} = '{}' is no definition, neither a file nor below '{}'",
                          named.origin, kFirstStageKey, name, experiments.string()));
}

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

}  // namespace

FirstStageSource taken_for_first_stage(SourceTable& values, ResolveOptions& options) {
  FirstStageSource source{taken_for_first_stage(values), options};
  source.options.overrides = taken_for_first_stage(options.overrides);
  source.options.member = taken_for_first_stage(options.member);
  return source;
}

std::shared_ptr<const Definition> resolve_first_stage(const Definition& definition,
                                                      FirstStageSource source,
                                                      const std::string& label,
                                                      const FirstStageResolvers& resolve) {
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
    first = resolve.text(std::move(source.values), source.options);
  } else {
    auto& member = source.options.member;
    for (const auto& [path, value] : source.values) {
      member.insert(member.begin(), {path, to_toml(value.value), value.where});
    }
    refuse_data_of_its_own(source.options);
    const fs::path file = first_stage_file(named->second, source.options.experiments);
    refuse_first_stage_of_first_stage(read_extended(file, source.options), source.options,
                                      named->second);
    first = resolve.file(file, source.options);
  }
  for (const auto& [path, value] : definition.values) {
    if (path.starts_with("dataset.")) first.values[path] = value;
  }
  return std::make_shared<const Definition>(std::move(first));
}

}  // namespace assay
