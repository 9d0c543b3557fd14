// SPDX-License-Identifier: Apache-2.0
#include "cli/worker.h"

#include <fmt/format.h>
#include <signal.h>

#include <ATen/Parallel.h>

#include <cstdio>

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

int exit_code(const RunFinished& finished) {
  if (finished.status == "complete") return static_cast<int>(ExitCode::kFine);
  if (finished.status == "interrupted") return static_cast<int>(ExitCode::kInterrupted);
  return static_cast<int>(ExitCode::kRunFailed);
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

int resume(Database& database, const WorkOrder& order, const WorkOptions& options) {
  const RunRow row = find_run(database, order.uuid);
  RunRequest request{stored_definition(experiment_of(database, row.experiment_id)),
                     row.seed,
                     pick_device(row.device),
                     run_folder(options.common.database, order.uuid),
                     {}};
  at::set_num_threads(static_cast<int>(row.threads));
  const auto checkpoint = sound_checkpoint(database, row.number);
  if (checkpoint) request.resume_from = checkpoint->file;
  resume_run(database, row.number,
             checkpoint ? std::optional(checkpoint->images_seen) : std::nullopt);
  RunRecorder recorder(database, row.number);
  check_same_code(row, recorder);
  return exit_code(run_experiment(request, recorder, stop_request()));
}

}  // namespace

std::vector<std::string> worker_arguments(const WorkOrder& order, const WorkOptions& options) {
  std::vector<std::string> arguments = {"worker",
                                        "--db",
                                        options.common.database.string(),
                                        "--threads",
                                        std::to_string(options.common.threads),
                                        "--uuid",
                                        order.uuid,
                                        "--device",
                                        options.device,
                                        "--jobs",
                                        std::to_string(options.jobs)};
  const auto add = [&](std::initializer_list<std::string> more) {
    arguments.insert(arguments.end(), more);
  };
  if (order.resume) {
    add({"--resume"});
  } else {
    add({"--experiment", order.experiment_id, "--seed", std::to_string(order.seed)});
    if (!order.options.empty()) add({"--options=" + order.options});
    if (order.smoke) add({"--smoke"});
  }
  if (options.max_minutes) add({"--max-minutes", fmt::format("{}", *options.max_minutes)});
  if (options.common.debug) add({"--debug"});
  return arguments;
}

int work(const WorkOrder& order, const WorkOptions& options) {
  obey_parent();
  if (options.max_minutes) {
    stop_request().set_deadline(
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<std::int64_t>(*options.max_minutes * 60000)));
  }
  const RunLock lock(options.common.database, order.uuid);
  Database database = Database::open_for_writing(options.common.database);
  if (order.resume) return resume(database, order, options);
  at::set_num_threads(options.common.threads);
  const RunRequest request{stored_definition(experiment_of(database, order.experiment_id)),
                           order.seed,
                           pick_device(options.device),
                           run_folder(options.common.database, order.uuid),
                           {}};
  RunRecorder recorder(database, begin(database, order, options, request.definition));
  return exit_code(run_experiment(request, recorder, stop_request()));
}

}  // namespace assay
