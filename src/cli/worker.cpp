// SPDX-License-Identifier: Apache-2.0
#include "cli/worker.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>

#include <ATen/Parallel.h>

#include <cstdio>

#include "core/digest.h"
#include "core/error.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

StopRequest& stop_request() {
  static StopRequest stop;
  return stop;
}

/// The parent alone hears Ctrl-C (the terminal sends it to us too) and asks us to stop by SIGTERM;
/// if it dies, so do we.
void obey_parent() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  stop_request();
  struct sigaction action {};
  action.sa_handler = [](int) { stop_request().request(); };
  sigaction(SIGTERM, &action, nullptr);
  signal(SIGINT, SIG_IGN);
}

MachineRow machine_row(const Machine& machine) {
  return {machine.cpu,    machine.flags, machine.cores,    machine.memory_bytes, machine.gpu,
          machine.driver, machine.os,    machine.compiler, machine.libtorch};
}

Definition stored_definition(const ExperimentRow& experiment) {
  const std::string label =
      fmt::format("definition {} in the database", experiment.id.substr(0, 12));
  Definition definition = resolve_text(experiment.definition, label, family_schema, {});
  if (definition.id() != experiment.id) {
    throw Error(
        fmt::format(
            "{}: resolves to another id ({}); a key or a default has changed since it was stored. "
            "Check out the commit of the run to continue it",
            label, definition.id().substr(0, 12)),
        ExitCode::kDamaged);
  }
  return definition;
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

/// The newest checkpoint whose file is whole.
std::optional<CheckpointSaved> sound_checkpoint(const Database& database, std::int64_t run) {
  for (const CheckpointSaved& checkpoint : checkpoints_of(database, run)) {
    std::error_code problem;
    if (!std::filesystem::exists(checkpoint.file, problem)) continue;
    if (sha256_of_file(checkpoint.file) == checkpoint.sha256) return checkpoint;
  }
  return std::nullopt;
}

int exit_code(const RunFinished& finished) {
  if (finished.status == "complete") return static_cast<int>(ExitCode::kFine);
  if (finished.status == "interrupted") return static_cast<int>(ExitCode::kInterrupted);
  return static_cast<int>(ExitCode::kRunFailed);
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
  at::set_num_threads(options.common.threads);
  if (options.max_minutes) {
    stop_request().set_deadline(
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<std::int64_t>(*options.max_minutes * 60000)));
  }
  const RunLock lock(options.common.database, order.uuid);
  Database database = Database::open_for_writing(options.common.database);
  RunRequest request;
  std::int64_t run = 0;
  if (order.resume) {
    const RunRow row = find_run(database, order.uuid);
    run = row.number;
    request.definition = stored_definition(experiment_of(database, row.experiment_id));
    request.seed = row.seed;
    const auto checkpoint = sound_checkpoint(database, run);
    if (checkpoint) request.resume_from = checkpoint->file;
    resume_run(database, run, checkpoint ? std::optional(checkpoint->images_seen) : std::nullopt);
  } else {
    request.definition = stored_definition(experiment_of(database, order.experiment_id));
    request.seed = order.seed;
    run = begin(database, order, options, request.definition);
  }
  request.device = pick_device(options.device);
  request.checkpoints = run_folder(options.common.database, order.uuid);
  RunRecorder recorder(database, run);
  return exit_code(run_experiment(request, recorder, stop_request()));
}

}  // namespace assay
