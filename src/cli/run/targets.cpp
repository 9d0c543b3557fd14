// SPDX-License-Identifier: Apache-2.0
#include "cli/run/targets.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "cli/commands/report_command.h"
#include "config/suite.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/near_miss.h"
#include "core/paths.h"
#include "core/shell_words.h"
#include "data/dataset.h"
#include "families/registry.h"
#include "harness/evaluation_check.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

const std::string kSuites = "suites";

// What cannot be looked at is none: the error about a name that is not found follows.
bool is_readable_file(const fs::path& place) {
  std::error_code problem;
  return fs::is_regular_file(place, problem);
}

std::vector<std::string> names_below(const fs::path& folder, bool with_suites) {
  std::vector<std::string> names;
  std::error_code problem;
  for (auto entry = fs::recursive_directory_iterator(folder, problem);
       !problem && entry != fs::recursive_directory_iterator(); entry.increment(problem)) {
    if (!is_readable_file(entry->path()) || entry->path().extension() != ".toml") continue;
    const fs::path below = entry->path().lexically_relative(folder);
    if (!with_suites && *below.begin() == kSuites) continue;
    names.push_back(fs::path(below).replace_extension().generic_string());
  }
  if (problem && path_exists(folder)) {
    throw Error(
        fmt::format("{}: its files cannot be listed: {}", folder.string(), problem.message()));
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string options_text(const std::vector<Override>& overrides) {
  std::vector<std::string> words;
  for (const auto& change : overrides) {
    words.push_back(fmt::format("--set {}", shell_word(change.path + "=" + change.value)));
  }
  return fmt::format("{}", fmt::join(words, " "));
}

std::vector<Override> parse_all(const std::vector<std::string>& set) {
  std::vector<Override> overrides;
  for (const auto& argument : set) {
    overrides.push_back(parse_override(argument));
    const std::string& key = overrides.back().path;
    if (is_of_files(key)) {
      throw Error(fmt::format("--set {}: {} is read in a definition's file alone", argument, key));
    }
    if (only_describes(key)) {
      throw Error(
          fmt::format("--set {}: {} says what a definition is and changes no run; a file of "
                      "your own with extends = \"…\" may have another",
                      argument, key));
    }
  }
  return overrides;
}

// Sets the keys by which a first stage differs from what its file says.
std::vector<Override> changes_of(const Definition& first, const Definition& as_written) {
  std::vector<Override> changes;
  for (const auto& [path, resolved] : first.values) {
    if (as_written.values.at(path).value == resolved.value) continue;
    changes.push_back({path, to_toml(resolved.value)});
  }
  return changes;
}

// What the schema cannot know: what families, metrics and data sets take.
void check_settings(const Definition& definition) {
  const auto at = [&](const char* path) { return definition.values.at(path).origin; };
  family(definition.family).check(definition);
  if (definition.first_stage) check_settings(*definition.first_stage);
  try {
    check_evaluation(definition);
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: {}", at("eval.metrics"), problem.what()));
  }
  std::vector<std::string> known;
  for (const auto& source : datasets()) known.emplace_back(source.name);
  const auto& name = definition.text("dataset.name");
  if (std::find(known.begin(), known.end(), name) == known.end()) {
    throw Error(fmt::format("{}: dataset.name = '{}' is not known{}", at("dataset.name"), name,
                            suggestion(name, known, "data sets")));
  }
}

// An experiment or a suite by its name; a file by its own.
std::string title_of(const fs::path& target) {
  return target.extension() == ".toml" ? target.stem().string() : target.generic_string();
}

std::string report_name_of(const std::string& target) {
  const std::string source = source_of(find_target(target));
  const std::string suites = kSuites + "/";
  if (source.starts_with(suites)) return source.substr(suites.size());
  return fs::path(source).is_absolute() ? name_of_file(source) : source;
}

fs::path file_of_member(const fs::path& suite, const SuiteMember& member) {
  try {
    return find_target(member.experiment);
  } catch (const Error& problem) {
    throw Error(fmt::format("{}: a [[member]]: {}", suite.string(), problem.what()));
  }
}

class Planner {
 public:
  explicit Planner(const TargetOptions& options)
      : options_(options), set_(parse_all(options.set)), sweep_(expand_sweeps(options.sweep)) {}

  void add(const std::string& target) {
    const fs::path file = find_target(target);
    if (is_suite(file)) return add_suite(file);
    add_experiment(file, {}, {}, options_.smoke);
  }

  std::vector<PlannedRun> runs;
  std::vector<PlannedSuite> suites;

 private:
  void add_suite(const fs::path& file) {
    const Suite suite = read_suite(file);
    const bool smoke = options_.smoke || suite.smoke;
    std::map<std::string, PlannedMember> members;
    for (const SuiteMember& member : suite.members) {
      const fs::path beside = file.parent_path() / member.experiment;
      const fs::path its_file = is_readable_file(beside) ? beside : file_of_member(file, member);
      members[member.name] = add_experiment(its_file, member.overrides, member.seeds, smoke);
      // Without `as` the name that reports know the experiment by.
      PlannedMember& added = members[member.name];
      const bool own = member.name != member.experiment;
      added.name = own ? member.name : added.definition.name;
    }
    suites.push_back(plan_claims(suite, members, options_.seeds.empty(), smoke));
    suites.back().changed = changes();
    suites.back().swept = !sweep_.front().empty();
  }

  // What the command line changes about a suite.
  std::string changes() const {
    std::vector<std::string> words;
    if (options_.smoke) words.emplace_back("--smoke");
    if (!options_.seeds.empty()) words.push_back("--seeds " + options_.seeds);
    if (!set_.empty()) words.push_back(options_text(set_));
    return fmt::format("{}", fmt::join(words, " "));
  }

  // Of several sweep points it returns the last.
  PlannedMember add_experiment(const fs::path& file, const std::vector<Override>& overrides,
                               const std::vector<std::uint64_t>& seeds, bool smoke) {
    PlannedMember member;
    for (const auto& point : sweep_) {
      ResolveOptions options{set_, smoke, experiments_folder(), overrides, true};
      options.overrides.insert(options.overrides.end(), point.begin(), point.end());
      member = {resolve_file(file, family_schema, options), {}};
      check_settings(member.definition);
      member.seeds = seeds.empty() ? member.definition.seeds : seeds;
      if (!options_.seeds.empty()) member.seeds = parse_seeds(options_.seeds);
      auto all = overrides;
      all.insert(all.end(), options.overrides.begin(), options.overrides.end());
      const std::string changes = options_text(all);
      if (member.seeds.empty()) {
        throw Error(fmt::format(
            "{}: seeds = [] leaves nothing to run; give it some, as seeds = [0, 1], or --seeds 0",
            file.string()));
      }
      std::vector<PlannedRun> of_a_seed;
      if (member.definition.first_stage)
        of_a_seed.push_back(first_stage_of(member.definition, smoke));
      of_a_seed.push_back({member.definition, 0, smoke, changes, source_of(file)});
      for (const auto seed : member.seeds) {
        for (PlannedRun run : of_a_seed) {
          run.seed = seed;
          add_run(run);
        }
      }
    }
    return member;
  }

  // Overlapping members, and a seed named twice, are one run.
  void add_run(const PlannedRun& run) {
    const std::string& data = run.definition.text("dataset.path");
    if (!known_.insert({run.definition.id(), data, run.seed, run.smoke}).second) return;
    runs.push_back(run);
  }

  // A run of its own, before the one that trains on it.
  static PlannedRun first_stage_of(const Definition& definition, bool smoke) {
    const Definition& first = *definition.first_stage;
    const fs::path file = find_target(definition.text(kFirstStageKey));
    const Definition as_written =
        resolve_file(file, family_schema, {{}, smoke, experiments_folder(), {}, true});
    return {first, 0, smoke, options_text(changes_of(first, as_written)), source_of(file)};
  }

  const TargetOptions& options_;
  std::vector<Override> set_;
  std::vector<std::vector<Override>> sweep_;
  std::set<std::tuple<std::string, std::string, std::uint64_t, bool>> known_;  // by id and data
};

}  // namespace

fs::path experiments_folder() { return project_root() / "experiments"; }

std::vector<std::string> experiment_names() { return names_below(experiments_folder(), false); }

std::vector<std::string> stored_as(const Plan& plan, std::span<const RunRow> stored) {
  std::set<std::string> held;
  for (const RunRow& run : stored) held.insert(run.experiment_id);
  std::vector<std::string> found;
  for (const PlannedRun& planned : plan.runs) {
    const auto id = planned.definition.id();
    found.push_back(held.contains(id) ? id : planned.definition.name);
  }
  return found;
}

void check_data(const Plan& plan) {
  for (const PlannedRun& run : plan.runs) {
    const auto& name = run.definition.text("dataset.name");
    const auto& path = run.definition.text("dataset.path");
    if (dataset_source(name).locate({.name = name, .path = path})) continue;
    throw Error(
        fmt::format("{}: data set {} is not {}; {}",
                    run.definition.values.at(path.empty() ? "dataset.name" : "dataset.path").origin,
                    name, path.empty() ? "on this machine" : fmt::format("at '{}'", path),
                    dataset_source(name).how_to_get));
  }
}

std::vector<std::string> suite_names() { return names_below(experiments_folder() / kSuites, true); }

fs::path find_target(const std::string& target) {
  const fs::path root = experiments_folder();
  for (const fs::path& place :
       {fs::path(target), root / kSuites / (target + ".toml"), root / (target + ".toml")}) {
    if (is_readable_file(place)) return place;
  }
  if (fs::path(target).extension() == ".toml") {
    throw Error(fmt::format("{}: {}", target, path_exists(target) ? "is no file" : "no such file"));
  }
  std::vector<std::string> known = suite_names();
  for (const auto& name : experiment_names()) known.push_back(name);
  throw Error(fmt::format("'{}' is neither an experiment nor a suite nor a file{}", target,
                          short_suggestion(target, known, "names", "`assay list` shows")));
}

Definition resolve_target(const std::string& target, const std::vector<std::string>& set,
                          bool smoke) {
  const fs::path file = find_target(target);
  if (is_suite(file)) {
    throw Error(
        fmt::format("'{}' is a suite; name one of its experiments ({})", target, file.string()));
  }
  Definition definition =
      resolve_file(file, family_schema, {parse_all(set), smoke, experiments_folder(), {}, true});
  check_settings(definition);
  return definition;
}

Plan make_plan(const TargetOptions& options) {
  Planner planner(options);
  for (const auto& target : options.targets) planner.add(target);
  std::vector<std::string> titles;
  for (const auto& target : options.targets) titles.push_back(title_of(target));
  return {std::move(planner.runs), fmt::format("{}", fmt::join(titles, "-")),
          std::move(planner.suites)};
}

std::string source_of(const fs::path& file) {
  std::error_code problem;
  const fs::path real = fs::weakly_canonical(file, problem);
  if (problem) return absolute_path(file).string();
  const fs::path below =
      real.lexically_relative(fs::weakly_canonical(experiments_folder(), problem));
  if (problem || below.empty() || *below.begin() == "..") return real.string();
  return fs::path(below).replace_extension().generic_string();
}

std::string report_name(const std::vector<std::string>& targets) {
  std::vector<std::string> names;
  for (const auto& target : targets) names.push_back(report_name_of(target));
  return fmt::format("{}", fmt::join(names, "-"));
}

}  // namespace assay
