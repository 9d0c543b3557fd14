// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <set>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/run/targets.h"
#include "cli/run/work_plan.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/folder.h"
#include "harness/runner.h"
#include "reports/cost.h"
#include "reports/number_text.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

struct PlanCommand {
  std::string suite;
  std::string limit;
  std::int64_t jobs = 2;
  std::string device = "cpu";
};

// Seconds of "2h", "90m", "1h30m", "45s".
double duration_of(const std::string& text) {
  double seconds = 0.0;
  const char* at = text.data();
  const char* end = at + text.size();
  while (at != end) {
    double value = 0.0;
    const auto [next, problem] = std::from_chars(at, end, value);
    const char unit = next != end ? *next : '\0';
    const double scale = unit == 'h' ? 3600.0 : unit == 'm' ? 60.0 : unit == 's' ? 1.0 : 0.0;
    if (problem != std::errc() || scale == 0.0 || !(value >= 0.0)) {
      throw Error(fmt::format("--limit {}: is no duration; for example 2h, 90m, 1h30m, 45s", text));
    }
    seconds += value * scale;
    at = next + 1;
  }
  if (!std::isfinite(seconds) || seconds <= 0.0)
    throw Error(fmt::format("--limit {}: needs more than nothing; for example 2h", text));
  return seconds;
}

// What is planned of one definition.
struct PlannedMember {
  std::string name;
  std::int64_t images = 0;
  std::int64_t seeds = 0;
  std::optional<double> seconds = {};  ///< of one seed
  std::int64_t memory_bytes = 0;
  std::string basis = {};       ///< what the prediction rests on
  bool scores_weights = false;  ///< of an earlier member: it trains nothing
};

// From the speed of a run of that name that was shorter or longer, all of it in proportion. A smoke
// run may have had another network.
void predict_by_speed(const Database& database, std::string_view device, PlannedMember& member) {
  const auto known = runs(database, {.experiments = {member.name}, .status = "complete"});
  for (auto run = known.rbegin(); run != known.rend(); ++run) {
    if (run->smoke || run->device != device) continue;
    for (const Throughput& speed : throughput_of(database, run->number)) {
      if (speed.phase != "train" || !(speed.images_per_second > 0.0)) continue;
      member.seconds = static_cast<double>(member.images) / speed.images_per_second;
      member.memory_bytes = run->peak_memory_bytes;
      member.basis = fmt::format("training speed of run {}, without scoring", run->number);
      return;
    }
  }
}

std::vector<PlannedMember> members_of(const Plan& plan, const PlanCommand& command,
                                      const std::filesystem::path& file) {
  std::map<std::string, PlannedMember> by_id;
  std::set<std::string> trained;
  std::vector<std::string> order;
  for (const PlannedRun& run : plan.runs) {
    const std::string id = run.definition.id();
    PlannedMember& member = by_id[id];
    if (member.seeds == 0) {
      order.push_back(id);
      const bool first = trained.insert(run.definition.training_id()).second;
      member.scores_weights = !first && !is_scored_during_training(run.definition);
    }
    member.name = run.definition.name;
    member.images = run_length(run.definition).images;
    ++member.seeds;
  }
  if (path_exists(file)) {
    const Database database = Database::open_for_reading(file);
    const auto costs = run_costs(database, command.device);
    for (auto& [id, member] : by_id) {
      if (const auto cost = costs.find(id); cost != costs.end()) {
        member.seconds = cost->second.seconds_of_seed;
        member.memory_bytes = cost->second.memory_bytes;
        member.basis = fmt::format("runs on {}, {}", cost->second.device, cost->second.machine);
      } else if (member.scores_weights) {
        member.basis = "scores an earlier member's weights, which never ran";
      } else {
        predict_by_speed(database, command.device, member);
      }
    }
  }
  std::vector<PlannedMember> members;
  for (const auto& id : order) members.push_back(by_id.at(id));
  return members;
}

// Seconds of so many seeds of every member at most, over the jobs; the longest run is a lower end.
double seconds_of(const std::vector<PlannedMember>& members, std::int64_t most_seeds,
                  std::int64_t jobs) {
  double sum = 0.0, longest = 0.0;
  for (const PlannedMember& member : members) {
    const double one = member.seconds.value_or(0.0);
    sum += one * static_cast<double>(std::min(most_seeds, member.seeds));
    longest = std::max(longest, one);
  }
  return std::max(longest, sum / static_cast<double>(jobs));
}

std::int64_t unknown_members(const std::vector<PlannedMember>& members) {
  return std::ranges::count_if(members, [](const PlannedMember& one) { return !one.seconds; });
}

// Of a whole of which a part is not known neither is the sum.
Json plan_json(const std::vector<PlannedMember>& members, double total, double limit,
               std::int64_t fitting) {
  const auto unknown = unknown_members(members);
  Json json = {{"seconds", unknown == 0 ? Json(total) : Json()},
               {"limit_seconds", limit},
               {"seeds_that_fit", unknown == 0 ? Json(fitting) : Json()},
               {"members_unknown", unknown},
               {"members", Json::array()}};
  for (const PlannedMember& member : members) {
    json["members"].push_back(
        {{"experiment", member.name},
         {"seeds", member.seeds},
         {"images", member.images},
         {"seconds_of_seed", json_number(member.seconds)},
         {"memory_bytes", member.seconds ? Json(member.memory_bytes) : Json()},
         {"basis", member.basis.empty() ? Json() : Json(member.basis)}});
  }
  return json;
}

// What the known members take; of none known nothing is.
std::string total_text(const std::vector<PlannedMember>& members, double total, std::int64_t jobs) {
  const auto unknown = unknown_members(members);
  if (unknown == std::ssize(members)) return "not known";
  std::int64_t memory = 0;
  for (const PlannedMember& member : members) memory = std::max(memory, member.memory_bytes);
  return fmt::format("{}{}, {} of memory at most", unknown > 0 ? "at least " : "",
                     duration_text(total), bytes_text(memory * jobs));
}

void print_plan(const std::vector<PlannedMember>& members, double total, double limit,
                std::int64_t fitting, const PlanCommand& command) {
  Table table({"experiment", "seeds", "images", "a seed", "memory", "known from"});
  const auto unknown = unknown_members(members);
  std::int64_t most = 0;
  for (const PlannedMember& member : members) {
    table.add({member.name, std::to_string(member.seeds), std::to_string(member.images),
               member.seconds ? duration_text(*member.seconds) : "not known",
               member.seconds ? bytes_text(member.memory_bytes) : "", member.basis});
    most = std::max(most, member.seeds);
  }
  fmt::print("{}\n", table.text());
  fmt::print("{} with {} at a time: {}\n", command.suite, command.jobs,
             total_text(members, total, command.jobs));
  if (unknown > 0) {
    fmt::print(
        "{} of {} never run here and not counted: one seed of each says what it takes "
        "(`assay run {} --seeds 0`)\n",
        unknown, counted_text(std::ssize(members), "member"), command.suite);
  } else if (total <= limit) {
    fmt::print("fits into {}: `assay run {} --jobs {}`\n", command.limit, command.suite,
               command.jobs);
  } else if (fitting > 0) {
    fmt::print(
        "does not fit into {}; {} of {} seeds a member do: `assay run {} --seeds 0..{} "
        "--jobs {}`\n",
        command.limit, fitting, most, command.suite, fitting - 1, command.jobs);
  } else {
    fmt::print("not one seed of each member fits into {}\n", command.limit);
  }
}

int plan_command(const PlanCommand& command, const CommonOptions& common) {
  const double limit = duration_of(command.limit);
  TargetOptions targets;
  targets.targets = {command.suite};
  const auto members = members_of(make_plan(targets), command, common.database);
  std::int64_t most = 0;
  for (const PlannedMember& member : members) most = std::max(most, member.seeds);
  const double total = seconds_of(members, most, command.jobs);
  std::int64_t fitting = most;
  while (fitting > 0 && seconds_of(members, fitting, command.jobs) > limit) --fitting;
  if (common.json) {
    print_json(plan_json(members, total, limit, fitting));
  } else {
    print_plan(members, total, limit, fitting, command);
  }
  return 0;
}

}  // namespace

void add_plan(App& app) {
  const auto options = std::make_shared<PlanCommand>();
  CLI::App* command =
      app.command("plan", "what a suite will take, by runs that were made, and what fits a limit",
                  "assay plan demo --limit 30m");
  command->add_option("SUITE", options->suite, "suite or experiment")->required();
  command->add_option("--limit", options->limit, "time there is: 2h, 90m, 1h30m")->required();
  command->add_option("--jobs", options->jobs, "runs at a time")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  command->add_option("--device", options->device, "whose runs count: cpu or cuda")
      ->check(CLI::IsMember({"cpu", "cuda"}))
      ->capture_default_str();
  app.add_json(command);
  app.act(command, [&app, options] { return plan_command(*options, app.common()); });
}

}  // namespace assay
