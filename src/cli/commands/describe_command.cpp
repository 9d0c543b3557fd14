// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/targets.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "config/suite.h"
#include "core/folder.h"
#include "core/metric_kind.h"
#include "data/data_digest.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "reports/cost.h"
#include "reports/number_text.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

void print_values(const Definition& definition) {
  fmt::print("{} (family {})\nid {}\n", definition.name, definition.family, definition.id());
  if (!definition.note.empty()) fmt::print("{}\n", definition.note);
  if (!definition.reproduces.empty()) fmt::print("repeats {}\n", definition.reproduces);
  fmt::print("tier {}, seeds {}\n", definition.tier, fmt::join(definition.seeds, " "));
  Table table({"key", "value", "origin"});
  for (const auto& [path, resolved] : definition.values)
    table.add({path, to_toml(resolved.value), resolved.origin});
  fmt::print("\n{}", table.text());
  if (!definition.first_stage) return;
  const Definition& first = *definition.first_stage;
  fmt::print("\nfirst stage: {} (family {}), training id {}\n", first.name, first.family,
             first.training_id());
  Table of_first({"key", "value", "origin"});
  for (const auto& [path, resolved] : first.values) {
    if (path.starts_with("dataset.") || resolved.origin == "default") continue;
    of_first.add({std::string(kFirstStageTable) + path, to_toml(resolved.value), resolved.origin});
  }
  fmt::print("\n{}", of_first.text());
}

Json values_json(const Definition& definition) {
  Json json = {{"name", definition.name},
               {"family", definition.family},
               {"id", definition.id()},
               {"training_id", definition.training_id()},
               {"note", definition.note},
               {"tier", definition.tier},
               {"reproduces", definition.reproduces},
               {"seeds", definition.seeds}};
  Json values = Json::object();
  for (const auto& [path, resolved] : definition.values) {
    Json value = std::visit([](const auto& v) { return Json(v); }, resolved.value);
    values[path] = {{"value", value}, {"origin", resolved.origin}, {"in_id", resolved.identity}};
  }
  json["values"] = values;
  json["canonical"] = definition.canonical();
  if (definition.first_stage) json["first_stage"] = values_json(*definition.first_stage);
  return json;
}

// A member of a suite, and what a database holds of it.
struct Member {
  const PlannedRun* run = nullptr;
  std::vector<std::uint64_t> seeds = {};
  std::int64_t complete = 0;         ///< with this code, these data, on this device
  std::optional<RunCost> cost = {};  ///< of a run
};

void look_up(std::vector<Member>& members, const CommonOptions& options) {
  const std::filesystem::path& file = options.database;
  if (!path_exists(file)) return;
  const Database database = Database::open_for_reading(file);
  const Commit commit = this_commit();
  const std::string device = pick_device("auto").is_cuda() ? "cuda" : "cpu";
  const auto costs = run_costs(database, device);
  for (Member& member : members) {
    const std::string id = member.run->definition.id();
    if (const auto known = costs.find(id); known != costs.end()) member.cost = known->second;
    const auto data = data_digest(dataset_request_of(member.run->definition));
    if (!data) continue;
    member.complete = std::count_if(member.seeds.begin(), member.seeds.end(), [&](auto seed) {
      const Circumstances at{seed,   *data,           commit.code_digest,
                             device, options.threads, member.run->smoke};
      return find_complete(database, id, at).has_value();
    });
  }
}

std::vector<Member> members_of(const Plan& plan, const CommonOptions& options) {
  std::vector<Member> members;
  std::map<std::string, std::size_t> index;
  for (const PlannedRun& run : plan.runs) {
    const auto [place, is_new] = index.try_emplace(run.definition.id(), members.size());
    if (is_new) members.push_back({&run});
    members[place->second].seeds.push_back(run.seed);
  }
  look_up(members, options);
  return members;
}

// Seconds that the runs still to be done take one after another; nothing if any is not known.
std::optional<double> seconds_left(const std::vector<Member>& members) {
  double sum = 0.0;
  for (const Member& member : members) {
    const auto left =
        static_cast<double>(member.seeds.size()) - static_cast<double>(member.complete);
    if (left > 0 && !member.cost) return std::nullopt;
    if (member.cost) sum += left * member.cost->seconds_of_seed;
  }
  return sum;
}

void print_suite(const Suite& suite, const Plan& plan, const std::vector<Member>& members) {
  fmt::print("{} (suite)\n{}{}\n", suite.name, suite.note, suite.note.empty() ? "" : "\n");
  Table table({"experiment", "changed", "images", "seeds", "complete", "time of a run", "memory",
               "measured on"});
  std::int64_t complete = 0;
  for (const Member& member : members) {
    const Definition& definition = member.run->definition;
    complete += member.complete;
    const auto& cost = member.cost;
    table.add({definition.name, member.run->options, std::to_string(run_length(definition).images),
               fmt::format("{}", fmt::join(member.seeds, " ")), std::to_string(member.complete),
               cost ? duration_text(cost->seconds) : "not known",
               cost ? peak_memory_text(cost->memory_bytes, cost->device, cost->memory_of) : "",
               cost ? fmt::format("{}, {}", cost->device, cost->machine) : ""});
  }
  fmt::print("{}", table.text());
  const auto left = seconds_left(members);
  fmt::print("{}, {} complete with this build; {}\n", counted_text(std::ssize(plan.runs), "run"),
             complete,
             left ? fmt::format("the others take about {} one after another, by the runs in this "
                                "database",
                                duration_text(*left))
                  : "how long the others take is not known to this database");
  if (suite.claims.empty()) return;
  Table claims({"claim", "left", "right", "metric", "direction", "test"});
  for (const Claim& claim : suite.claims) {
    claims.add({claim.text, claim.left, claim.right, claim.metric,
                std::string(better_name(claim.direction)), std::string(test_name(claim.test))});
  }
  fmt::print("\n{}", claims.text());
}

Json suite_json(const Suite& suite, const std::vector<Member>& members) {
  Json json = {{"name", suite.name}, {"note", suite.note}, {"smoke", suite.smoke}};
  for (const Member& member : members) {
    const Definition& definition = member.run->definition;
    const auto& cost = member.cost;
    json["members"].push_back({{"experiment", definition.name},
                               {"id", definition.id()},
                               {"changed", member.run->options},
                               {"images", run_length(definition).images},
                               {"seeds", member.seeds},
                               {"complete", member.complete},
                               {"seconds", cost ? Json(cost->seconds) : Json()},
                               {"memory_bytes", cost ? Json(cost->memory_bytes) : Json()},
                               {"device", cost ? Json(cost->device) : Json()},
                               {"machine", cost ? Json(cost->machine) : Json()}});
  }
  json["claims"] = Json::array();
  for (const Claim& claim : suite.claims) json["claims"].push_back(claim.text);
  return json;
}

int describe_command(const std::string& target, const std::vector<std::string>& set, bool smoke,
                     const CommonOptions& options) {
  const auto file = find_target(target);
  if (!is_suite(file)) {
    const Definition definition = resolve_target(target, set, smoke);
    if (options.json) {
      print_json(values_json(definition));
    } else {
      print_values(definition);
    }
    return 0;
  }
  const Suite suite = read_suite(file);
  const Plan plan =
      make_plan({.targets = {target}, .seeds = {}, .set = set, .sweep = {}, .smoke = smoke});
  const auto members = members_of(plan, options);
  if (options.json) {
    print_json(suite_json(suite, members));
  } else {
    print_suite(suite, plan, members);
  }
  return 0;
}

}  // namespace

void add_describe(App& app) {
  struct Options {
    std::string target;
    std::vector<std::string> set;
    bool smoke = false;
  };
  const auto options = std::make_shared<Options>();
  CLI::App* describe = app.command(
      "describe",
      "a definition: every value, and where it comes from; a suite: members, claims, cost",
      "assay describe vae/fashion_mnist --set model.latent_dim=20");
  describe->add_option("TARGET", options->target, "name or TOML file of an experiment or suite")
      ->required();
  describe->add_option("--set", options->set, "key=value")->allow_extra_args(false);
  describe->add_flag("--smoke", options->smoke, "as --smoke would run it");
  app.add_json(describe);
  app.act(describe, [&app, options] {
    return describe_command(options->target, options->set, options->smoke, app.common());
  });
}

}  // namespace assay
