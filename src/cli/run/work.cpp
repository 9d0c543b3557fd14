// SPDX-License-Identifier: Apache-2.0
#include "cli/run/work.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <map>
#include <set>
#include <thread>
#include <tuple>

#include "cli/run/display.h"
#include "cli/run/pool.h"
#include "cli/run/work_plan.h"
#include "cli/run/worker.h"
#include "cli/stored.h"
#include "cli/text/table.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "core/utf8.h"
#include "results/queries.h"
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

// Announces what began and what ended since the last call. A run that is to be resumed has ended
// once already, so nothing is said of a run before it was seen running, but at the end of all.
class Announcer {
 public:
  Announcer(const Database& database, const std::vector<std::string>& uuids) {
    for (const RunRow& row : runs(database)) {
      if (std::ranges::find(uuids, row.uuid) != uuids.end()) before_[row.uuid] = state_of(row);
    }
  }

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
      const auto before = before_.find(row.uuid);
      const bool moved = before == before_.end() || before->second != state_of(row);
      const bool known = begun_.contains(row.uuid) || (over && moved);
      if (known) say_data(database, row, display);
      if (row.status != "running" && known && ended_.insert(row.uuid).second) {
        display.say(fmt::format("run {}  {} {}{}", row.number, run_label(row.experiment, row.seed),
                                row.status, row.reason.empty() ? "" : ": " + row.reason));
      }
    }
  }

 private:
  // What changes of a run that goes on.
  using State = std::tuple<std::string, std::int64_t, double>;
  static State state_of(const RunRow& row) {
    return {row.status, row.images_seen, row.wall_seconds};
  }

  // What was read of a data set, once for all runs on it.
  void say_data(const Database& database, const RunRow& row, Display& display) {
    if (data_known_.contains(row.uuid)) return;
    for (const EventRow& event : events_of(database, row.number)) {
      if (event.kind != "data") continue;
      data_known_.insert(row.uuid);
      if (data_.insert(event.text).second) display.say("data  " + event.text);
    }
  }

  std::map<std::string, State> before_;  // by uuid: as this command found it
  std::set<std::string> begun_, ended_;
  std::set<std::string> data_known_;  // uuids
  std::set<std::string> data_;        // what was said of them
};

// What failed counts more than what can be resumed.
int exit_code(const WorkerPool& pool) {
  constexpr int kInterrupted = static_cast<int>(ExitCode::kInterrupted);
  if (pool.stopped()) return kInterrupted;
  int code = 0;
  for (const WorkResult& result : pool.results()) {
    // What it stands on is being made by another command, or has failed, which counts more.
    if (result.abandoned && code == 0) code = kInterrupted;
    if (!result.started || result.exit_code == 0 || result.exit_code == kDoneElsewhere) continue;
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

// As much of a run's settings as a line of a terminal has room for; `assay show` has them all.
std::string beginning_of(std::string_view settings) {
  constexpr std::size_t kMost = 80;
  if (settings.size() <= kMost) return std::string(settings);
  std::size_t end = 0;
  for (std::size_t next = 0; next <= kMost;) {
    end = next;
    next += std::max<std::size_t>(1, utf8_length(settings.substr(next)));
  }
  return fmt::format("{}…", settings.substr(0, end));
}

}  // namespace

void add_work_options(CLI::App* command, WorkOptions& work) {
  command->add_option("--device", work.device, "auto, cpu or cuda")->capture_default_str();
  command
      ->add_option("--jobs", work.jobs,
                   "runs at a time (default: as many as cores, one thread each)")
      ->check(CLI::Range(1, 1024));
  command->add_option("--max-minutes", work.max_minutes, "save checkpoints and stop after so long")
      ->check(CLI::Range(0.001, 1e6) & is_number);
  auto* fast =
      command->add_flag("--fail-fast", work.fail_fast, "start no further run after one failed");
  command
      ->add_flag_callback(
          "--keep-going", [] {}, "go on after a failed run (the default)")
      ->excludes(fast);
}

int jobs_of(const WorkOptions& work) {
  if (work.jobs > 0) return work.jobs;
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  return std::max(1, cores / std::max(1, work.common.threads));
}

int do_work(Database& database, const std::vector<WorkOrder>& orders, const WorkOptions& options) {
  std::vector<std::string> uuids;
  for (const auto& order : orders) uuids.push_back(order.uuid);
  WorkerPool pool(grouped(orders), options,
                  [&](const std::string& uuid) { return is_complete(database, uuid); });
  Announcer announcer(database, uuids);
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
    fmt::print(stderr, "{}: not begun, for {} is not complete\n", result.group.front().label,
               result.group.front().parent.empty() ? "its first stage"
                                                   : "the run whose weights it scores");
  }
  return exit_code(pool);
}

std::vector<std::string> recorded(const Database& database, const std::vector<std::string>& uuids) {
  std::set<std::string> known;
  for (const RunRow& row : runs(database)) known.insert(row.uuid);
  std::vector<std::string> kept;
  for (const auto& uuid : uuids) {
    if (known.contains(uuid)) kept.push_back(uuid);
  }
  return kept;
}

void print_runs(const Database& database, const std::vector<std::string>& uuids) {
  Table table({"run", "experiment", "seed", "status", "metrics", "images/s", "time"});
  for (const auto& uuid : uuids) {
    const RunRow row = find_run(database, uuid);
    const std::string what =
        row.overrides.empty() ? row.experiment : row.experiment + " " + beginning_of(row.overrides);
    table.add({std::to_string(row.number), what, std::to_string(row.seed), row.status,
               row.status == "complete" ? metrics_text(database, row.number) : row.reason,
               row.parent_uuid ? fmt::format("scores run {}", trained_run(database, row).number)
                               : train_speed(database, row.number),
               duration_text(row.wall_seconds)});
  }
  fmt::print("{}", table.text());
}

}  // namespace assay
