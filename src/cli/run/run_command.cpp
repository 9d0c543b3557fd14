// SPDX-License-Identifier: Apache-2.0
#include "cli/run/run_command.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <thread>

#include "cli/commands/report_command.h"
#include "cli/run/display.h"
#include "cli/run/pool.h"
#include "cli/run/work_plan.h"
#include "cli/stored.h"
#include "cli/text/shell.h"
#include "cli/text/table.h"
#include "core/error.h"
#include "core/folder.h"
#include "harness/environment.h"
#include "results/queries.h"
#include "results/run_lock.h"
#include "results/run_queries.h"

namespace assay {
namespace {

std::string metrics_text(const Database& database, std::int64_t run) {
  std::string text;
  for (const MetricRow& metric : final_metrics_of(database, run)) {
    text += fmt::format("{}{} {}", text.empty() ? "" : "  ", metric.full_name(),
                        short_number(metric.value));
  }
  return text;
}

std::string train_speed(const Database& database, std::int64_t run) {
  for (const Throughput& speed : throughput_of(database, run)) {
    if (speed.phase == "train") return fmt::format("{:.0f}", speed.images_per_second);
  }
  return "";
}

void print_table(const Database& database, const std::vector<std::string>& uuids) {
  Table table({"run", "experiment", "seed", "status", "metrics", "images/s", "time"});
  for (const auto& uuid : uuids) {
    const RunRow row = find_run(database, uuid);
    const std::string what =
        row.overrides.empty() ? row.experiment : row.experiment + " " + row.overrides;
    table.add({std::to_string(row.number), what, std::to_string(row.seed), row.status,
               row.status == "complete" ? metrics_text(database, row.number) : row.reason,
               row.parent_uuid ? fmt::format("scores run {}", trained_run(database, row).number)
                               : train_speed(database, row.number),
               duration_text(row.wall_seconds)});
  }
  fmt::print("{}", table.text());
}

// "28 experiments, 140 runs (12 complete already, 2 to be resumed), 18 claims; 2 at a time".
std::string work_text(const Plan& plan, const Work& work, int jobs) {
  std::set<std::string> ids;
  for (const PlannedRun& planned : plan.runs) ids.insert(planned.definition.id());
  const auto resumed = std::count_if(work.orders.begin(), work.orders.end(),
                                     [](const WorkOrder& order) { return order.resume; });
  const auto scored = std::count_if(work.orders.begin(), work.orders.end(),
                                    [](const auto& order) { return !order.parent.empty(); });
  const std::size_t runs = work.done.size() + work.orders.size();
  std::size_t claims = 0;
  for (const PlannedSuite& suite : plan.suites) claims += suite.claims.size();
  std::vector<std::string> notes;
  if (!work.done.empty()) {
    notes.push_back(
        fmt::format("{} complete already with this code: --again repeats them", work.done.size()));
  }
  if (resumed > 0) notes.push_back(fmt::format("{} resumed", resumed));
  if (scored > 0) notes.push_back(fmt::format("{} score the weights of others", scored));
  return fmt::format(
      "{} experiment{}, {} run{}{}{}; {} at a time", ids.size(), ids.size() == 1 ? "" : "s", runs,
      runs == 1 ? "" : "s", notes.empty() ? "" : fmt::format(" ({})", fmt::join(notes, "; ")),
      claims == 0 ? "" : fmt::format(", {} claim{}", claims, claims == 1 ? "" : "s"), jobs);
}

// Announces what began and what ended since the last call. A run that is to be resumed has ended
// once already, so nothing is said of a run before it was seen running, but at the end of all.
class Announcer {
 public:
  void look(const Database& database, const std::vector<std::string>& uuids, Display& display,
            bool over) {
    for (const RunRow& row : runs(database)) {
      if (std::find(uuids.begin(), uuids.end(), row.uuid) == uuids.end()) continue;
      if (row.status == "running" && begun_.insert(row.uuid).second) {
        const bool resumed = !resumed_at(database, row.number).empty();
        display.say(fmt::format(
            "run {}  {} {}{}", row.number, run_label(row.experiment, row.seed),
            resumed ? "resumed" : "started",
            uuids.size() > 1 ? fmt::format(" ({} of {})", begun_.size(), uuids.size()) : ""));
      }
      const bool known = over || begun_.contains(row.uuid);
      if (row.status != "running" && known && ended_.insert(row.uuid).second) {
        display.say(fmt::format("run {}  {} {}{}", row.number, run_label(row.experiment, row.seed),
                                row.status, row.reason.empty() ? "" : ": " + row.reason));
      }
    }
  }

 private:
  std::set<std::string> begun_, ended_;
};

std::vector<std::string> recorded(const Database& database, const std::vector<std::string>& uuids) {
  std::set<std::string> known;
  for (const RunRow& row : runs(database)) known.insert(row.uuid);
  std::vector<std::string> kept;
  for (const auto& uuid : uuids) {
    if (known.contains(uuid)) kept.push_back(uuid);
  }
  return kept;
}

// What failed counts more than what can be resumed.
int exit_code(const WorkerPool& pool) {
  constexpr int kInterrupted = static_cast<int>(ExitCode::kInterrupted);
  if (pool.stopped()) return kInterrupted;
  int code = 0;
  for (const WorkResult& result : pool.results()) {
    if (!result.started || result.exit_code == 0) continue;
    if (code == 0 || code == kInterrupted) code = result.exit_code;
  }
  // A worker that a signal killed is a failed run.
  return code > 128 && code != kInterrupted ? static_cast<int>(ExitCode::kRunFailed) : code;
}

// A run whose weights others wait for.
bool is_complete(const Database& database, const std::string& uuid) {
  const auto all = recorded(database, {uuid});
  return !all.empty() && find_run(database, uuid).status == "complete";
}

// Does the orders and shows them. Returns the exit code.
int do_work(Database& database, const std::vector<WorkOrder>& orders, const WorkOptions& options) {
  std::vector<std::string> uuids;
  for (const auto& order : orders) uuids.push_back(order.uuid);
  WorkerPool pool(grouped(orders), options,
                  [&](const std::string& uuid) { return is_complete(database, uuid); });
  Announcer announcer;
  Display display(options.common);
  int ticks = 0;
  pool.run([&] {
    constexpr int kTicksPerLook = 5;
    if (++ticks % kTicksPerLook == 0) announcer.look(database, uuids, display, false);
    display.update(database, uuids);
  });
  announcer.look(database, uuids, display, true);
  display.clear();
  for (const WorkResult& result : pool.results()) {
    if (!result.abandoned) continue;
    fmt::print(stderr, "{}: not begun, for the run whose weights it scores is not complete\n",
               result.group.front().label);
  }
  return exit_code(pool);
}

// Default: as many runs at a time as cores, one thread each: fastest here, and bit-stable.
int jobs_of(const WorkOptions& work) {
  if (work.jobs > 0) return work.jobs;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::max(1, cores / std::max(1, work.common.threads));
}

}  // namespace

int run_command(const RunCommand& command) {
  const Plan plan = make_plan(command.targets);
  const auto file = command.report.empty()
                        ? default_report_file(report_name(command.targets.targets), "html")
                        : std::filesystem::path(command.report);
  check_report_file(file, "html");
  check_data(plan);
  const torch::Device device = pick_device(command.work.device);
  WorkOptions options = command.work;
  options.jobs = jobs_of(options);
  Database database = Database::open_for_writing(options.common.database);
  mark_abandoned(database);
  const Work work = plan_work(database, plan, device, options.common.threads, command.again);
  for (const auto& note : work.notes) fmt::print(stderr, "{}\n", note);
  if ((plan.runs.size() > 1 || !work.done.empty()) && !options.common.quiet) {
    fmt::print("{}\n", work_text(plan, work, options.jobs));
    std::fflush(stdout);
  }
  const int code = do_work(database, work.orders, options);
  std::vector<std::string> uuids = work.done;
  for (const auto& order : work.orders) uuids.push_back(order.uuid);
  uuids = recorded(database, uuids);
  print_table(database, uuids);
  const bool interrupted = code == static_cast<int>(ExitCode::kInterrupted);
  if (!interrupted) judge_suites(database, plan.suites, uuids);
  std::vector<std::string> ids;
  for (const PlannedRun& planned : plan.runs) ids.push_back(planned.definition.id());
  std::vector<std::string> suites;
  for (const PlannedSuite& suite : plan.suites) suites.push_back(suite.name);
  write_report({options.common.database, ids, suites, plan.title, "", "html", file});
  fmt::print("\nreport: {}\n", file.string());
  if (interrupted) {
    const auto complete = std::count_if(uuids.begin(), uuids.end(), [&](const auto& uuid) {
      return find_run(database, uuid).status == "complete";
    });
    fmt::print("{} of {} runs are complete; the same command goes on{}:\n  {}\n", complete,
               work.done.size() + work.orders.size(),
               plan.suites.empty() ? "" : " and judges the claims at its end",
               this_command({"--again"}));
  }
  return code;
}

int resume_command(const std::vector<std::string>& wanted, const WorkOptions& work) {
  WorkOptions options = work;
  options.jobs = jobs_of(options);
  if (!path_exists(options.common.database)) Database::open_for_reading(options.common.database);
  Database database = Database::open_for_writing(options.common.database);
  mark_abandoned(database);
  std::vector<RunRow> rows;
  if (wanted.empty()) rows = interrupted_runs(database);
  for (const auto& text : wanted) rows.push_back(find_run(database, text));
  std::vector<WorkOrder> orders;
  bool refused = false;
  for (const RunRow& row : rows) {
    if (row.status != "interrupted" && row.status != "failed") {
      fmt::print(stderr, "run {} is {}; only interrupted and failed runs can be resumed\n",
                 row.number, row.status);
      refused = true;
      continue;
    }
    const bool twice = std::any_of(orders.begin(), orders.end(),
                                   [&](const WorkOrder& order) { return order.uuid == row.uuid; });
    if (twice) continue;
    orders.push_back(order_to_resume(database, row));
    if (row.images_seen > 0 && !row.parent_uuid && !sound_checkpoint(database, row.number)) {
      fmt::print(stderr,
                 "run {}: its checkpoints are gone or damaged, so that it begins at 0 again\n",
                 row.number);
    }
  }
  if (orders.empty() && refused) return static_cast<int>(ExitCode::kUsage);
  if (orders.empty()) {
    fmt::print("nothing is interrupted in {}\n", options.common.database.string());
    return 0;
  }
  const int code = do_work(database, orders, options);
  std::vector<std::string> uuids;
  for (const auto& order : orders) uuids.push_back(order.uuid);
  print_table(database, uuids);
  fmt::print(
      "`assay run` with the targets of these runs starts what had not begun, judges claims and "
      "writes the report\n");
  return code == 0 && refused ? static_cast<int>(ExitCode::kUsage) : code;
}

}  // namespace assay
