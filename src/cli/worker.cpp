// SPDX-License-Identifier: Apache-2.0
#include "cli/worker.h"

#include <fmt/format.h>
#include <signal.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/stored.h"
#include "core/error.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

StopRequest& stop_request() {
  static StopRequest stop;
  return stop;
}

// The parent alone hears Ctrl-C (the terminal sends it to us too) and asks us to stop by SIGTERM.
void obey_parent() {
  stop_request();
  struct sigaction action {};
  action.sa_handler = [](int) { stop_request().request(); };
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGINT, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
}

MachineRow machine_row(const Machine& machine) {
  return {machine.cpu,    machine.flags, machine.cores,    machine.memory_bytes, machine.gpu,
          machine.driver, machine.os,    machine.compiler, machine.libtorch};
}

std::int64_t begin(Database& database, const WorkOrder& order, const WorkOptions& options,
                   const Definition& definition) {
  const Commit commit = this_commit();
  NewRun run;
  run.uuid = order.uuid;
  run.experiment_id = order.experiment_id;
  run.seed = order.seed;
  run.commit_id = commit.id;
  run.dirty = commit.dirty;
  run.machine_id = add_machine(database, machine_row(this_machine()));
  run.threads = options.common.threads;
  run.jobs = options.jobs;
  run.device = pick_device(options.device).is_cuda() ? "cuda" : "cpu";
  run.smoke = order.smoke;
  run.overrides = order.options;
  run.images_total = run_length(definition).images;
  return begin_run(database, run);
}

int exit_code(const std::vector<RunFinished>& finished) {
  const auto any = [&](std::string_view status) {
    return std::any_of(finished.begin(), finished.end(),
                       [&](const RunFinished& run) { return run.status == status; });
  };
  if (any("interrupted")) return static_cast<int>(ExitCode::kInterrupted);
  const bool all_complete = std::all_of(finished.begin(), finished.end(),
                                        [](const auto& run) { return run.status == "complete"; });
  return static_cast<int>(all_complete ? ExitCode::kFine : ExitCode::kRunFailed);
}

// A run that goes on under other sources says so.
void check_same_code(const RunRow& row, RunRecorder& recorder) {
  const Commit now = this_commit();
  if (now.id == row.commit_id) return;
  const std::string was = row.commit_id.substr(0, 10), is = now.id.substr(0, 10);
  recorder.note(
      {row.images_seen, "warning",
       fmt::format("resumed by commit {}, begun by {}: results may be of neither", is, was)});
  fmt::print(stderr,
             "warning: run {} was begun by commit {} and goes on under {}; it may be the result of "
             "neither\n",
             row.number, was, is);
}

// A run of this group: its recorder must stay where it is.
struct Recorded {
  RunRequest request;
  std::unique_ptr<RunRecorder> recorder;
};

Recorded begin_new(Database& database, const WorkOrder& order, const WorkOptions& options) {
  at::set_num_threads(options.common.threads);
  Recorded run{{stored_definition(experiment_of(database, order.experiment_id)),
                order.seed,
                pick_device(options.device),
                run_folder(options.common.database, order.uuid),
                {}},
               nullptr};
  run.recorder = std::make_unique<RunRecorder>(
      database, begin(database, order, options, run.request.definition));
  return run;
}

Recorded begin_again(Database& database, const WorkOrder& order, const WorkOptions& options) {
  const RunRow row = find_run(database, order.uuid);
  at::set_num_threads(static_cast<int>(row.threads));
  Recorded run{{stored_definition(experiment_of(database, row.experiment_id)),
                row.seed,
                pick_device(row.device),
                run_folder(options.common.database, order.uuid),
                {}},
               nullptr};
  const auto checkpoint = sound_checkpoint(database, row.number);
  if (checkpoint) run.request.resume_from = checkpoint->file;
  resume_run(database, row.number,
             checkpoint ? std::optional(checkpoint->images_seen) : std::nullopt);
  run.recorder = std::make_unique<RunRecorder>(database, row.number);
  check_same_code(row, *run.recorder);
  return run;
}

// Whether an order can join a group.
bool joins(const WorkOrder& order, const WorkGroup& group) {
  const WorkOrder& first = group.front();
  if (order.places == 0 || order.experiment_id != first.experiment_id ||
      order.resume != first.resume || order.smoke != first.smoke ||
      order.options != first.options || order.settings != first.settings) {
    return false;
  }
  const auto place = [&](const WorkOrder& one) {
    return one.seed % static_cast<std::uint64_t>(order.places);
  };
  return std::none_of(group.begin(), group.end(),
                      [&](const WorkOrder& other) { return place(other) == place(order); });
}

}  // namespace

std::vector<WorkGroup> grouped(const std::vector<WorkOrder>& orders) {
  std::vector<WorkGroup> groups;
  for (const WorkOrder& order : orders) {
    const auto found = std::find_if(groups.begin(), groups.end(),
                                    [&](const WorkGroup& group) { return joins(order, group); });
    if (found != groups.end()) {
      found->push_back(order);
    } else {
      groups.push_back({order});
    }
  }
  return groups;
}

std::vector<std::string> worker_arguments(const WorkGroup& group, const WorkOptions& options) {
  std::vector<std::string> arguments = {"worker",
                                        "--db",
                                        options.common.database.string(),
                                        "--threads",
                                        std::to_string(options.common.threads),
                                        "--device",
                                        options.device,
                                        "--jobs",
                                        std::to_string(options.jobs)};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  const WorkOrder& order = group.front();
  for (const WorkOrder& one : group) add({"--uuid", one.uuid});
  if (order.resume) {
    add({"--resume"});
  } else {
    add({"--experiment", order.experiment_id});
    for (const WorkOrder& one : group) add({"--seed", std::to_string(one.seed)});
    if (!order.options.empty()) add({"--options=" + order.options});
    if (order.smoke) add({"--smoke"});
  }
  if (options.max_minutes) add({"--max-minutes", fmt::format("{}", *options.max_minutes)});
  if (options.common.debug) add({"--debug"});
  return arguments;
}

int work(const WorkGroup& group, const WorkOptions& options) {
  obey_parent();
  if (options.max_minutes) {
    stop_request().set_deadline(
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<std::int64_t>(*options.max_minutes * 60000)));
  }
  std::vector<std::unique_ptr<RunLock>> locks;
  for (const WorkOrder& order : group) {
    locks.push_back(std::make_unique<RunLock>(options.common.database, order.uuid));
  }
  Database database = Database::open_for_writing(options.common.database);
  std::vector<Recorded> runs;
  for (const WorkOrder& order : group) {
    runs.push_back(order.resume ? begin_again(database, order, options)
                                : begin_new(database, order, options));
  }
  std::vector<SeedRequest> requests;
  for (const Recorded& run : runs) requests.push_back({run.request, run.recorder.get()});
  return exit_code(run_experiments(requests, stop_request()));
}

}  // namespace assay
