// SPDX-License-Identifier: Apache-2.0
#include "cli/run/worker.h"

#include <fmt/format.h>
#include <signal.h>

#include <ATen/Parallel.h>

#include <algorithm>
#include <cstdio>
#include <memory>

#include "cli/stored.h"
#include "config/definition.h"
#include "core/error.h"
#include "data/data_digest.h"
#include "families/registry.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "metrics/metric.h"
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

NewRun row_of(Database& database, const WorkOrder& order, const WorkOptions& options,
              const Definition& definition) {
  NewRun run = run_made_here(database, options.common.threads, options.device);
  run.uuid = order.uuid;
  run.experiment_id = order.experiment_id;
  run.seed = order.seed;
  run.jobs = options.jobs;
  run.smoke = order.smoke;
  run.overrides = order.options;
  run.source = order.source;
  run.images_total = run_length(definition).images;
  run.definition = order.definition;
  run.training_id = definition.training_id();
  run.data_digest = order.data_digest;
  return run;
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
  if (row.code_digest ? *row.code_digest == now.code_digest : row.commit_id == now.id) return;
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

// Of the run whose weights are scored. Nothing is lost while they can be made again.
CheckpointSaved weights_to_score(const Database& database, const std::string& parent,
                                 const std::string& who) {
  const RunRow row = find_run(database, parent);
  if (const auto weights = sound_checkpoint(database, row.number)) return *weights;
  throw Error(
      fmt::format("{}: scores the weights of run {}, which are gone from {}; bring them back, "
                  "or `assay run` its experiment, which trains anew",
                  who, row.number, run_folder(database.file(), row.uuid).string()),
      ExitCode::kInterrupted);
}

Definition new_definition(const WorkOrder& order) {
  return resolve_text(order.definition, order.label, family_schema, {.stored = true});
}

// Between the plan and now.
void require_planned_data(const WorkOrder& order, const Definition& definition) {
  const auto digest = data_digest(dataset_request_of(definition));
  if (digest && *digest == order.data_digest) return;
  if (!digest) {
    throw Error(fmt::format("{}: the data of '{}' are no longer there; bring them back and run it "
                            "again",
                            order.label, definition.text("dataset.name")),
                ExitCode::kInterrupted);
  }
  throw Error(fmt::format("{}: the data of '{}' changed while the command ran; run it again",
                          order.label, definition.text("dataset.name")));
}

Recorded begin_new(Database& database, const WorkOrder& order, const WorkOptions& options) {
  at::set_num_threads(options.common.threads);
  const Definition definition = new_definition(order);
  require_planned_data(order, definition);
  NewRun row = row_of(database, order, options, definition);
  Recorded run{{definition,
                order.seed,
                pick_device(options.device),
                run_folder(options.common.database, order.uuid),
                {}},
               nullptr};
  if (!order.parent.empty()) {
    const CheckpointSaved weights = weights_to_score(database, order.parent, order.label);
    run.request.weights = weights.file;
    run.request.checkpoints.clear();
    row.parent_uuid = order.parent;
    row.weights_sha256 = weights.sha256;
    const RunRow trained = find_run(database, order.parent);
    row.first_stage_uuid = trained.first_stage_uuid;
    row.first_stage_state = trained.first_stage_state;
  }
  if (!order.first_stage.empty()) {
    const RunRow first = find_run(database, order.first_stage);
    run.request.first_stage = first_stage_weights(database, first, order.label);
    row.first_stage_uuid = first.uuid;
    row.first_stage_state = first.state_hash;
  }
  run.recorder = std::make_unique<RunRecorder>(database, begin_run(database, row));
  return run;
}

// What a run needs to go on is looked for before anything of it is changed.
Recorded begin_again(Database& database, const WorkOrder& order, const WorkOptions& options) {
  const RunRow row = find_run(database, order.uuid);
  at::set_num_threads(static_cast<int>(row.threads));
  Recorded run{{stored_definition(database, row, {.data = options.data}),
                row.seed,
                from_outside([&] { return pick_device(row.device); }),
                run_folder(options.common.database, order.uuid),
                {}},
               nullptr};
  // They can be brought back, and then the run goes on.
  require_same_data(run.request.definition, row, ExitCode::kInterrupted);
  run.request.experiment_id = row.experiment_id;
  run.request.training_id = row.training_id.value_or("");
  std::optional<CheckpointSaved> checkpoint;
  if (row.parent_uuid) {
    run.request.weights =
        weights_to_score(database, *row.parent_uuid, fmt::format("run {}", row.number)).file;
    run.request.checkpoints.clear();
  } else {
    checkpoint = sound_checkpoint(database, row.number);
    if (checkpoint) run.request.resume_from = checkpoint->file;
  }
  if (row.first_stage_uuid && !row.parent_uuid && !checkpoint) {
    run.request.first_stage = first_stage_of(database, row);
  }
  resume_run(database, row.number,
             checkpoint ? std::optional(checkpoint->images_seen) : std::nullopt);
  run.recorder = std::make_unique<RunRecorder>(database, row.number);
  check_same_code(row, *run.recorder);
  return run;
}

// Whether several seeds were given that are faster one at a time: a model has to be built to know.
bool trains_alone(const Database& database, const WorkGroup& group, const WorkOptions& options) {
  if (group.size() == 1) return false;
  const WorkOrder& first = group.front();
  if (!first.resume) {
    const Definition definition = new_definition(first);
    require_planned_data(first, definition);
    return seed_batch_places({definition, first.seed, pick_device(options.device), {}, {}}) == 0;
  }
  const RunRow row = find_run(database, first.uuid);
  const Definition definition = stored_definition(database, row, {.data = options.data});
  require_same_data(definition, row, ExitCode::kInterrupted);
  const auto device = from_outside([&] { return pick_device(row.device); });
  return seed_batch_places({definition, row.seed, device, {}, {}}) == 0;
}

Circumstances circumstances_of(const WorkOrder& order, const WorkOptions& options) {
  return {order.seed,
          order.data_digest,
          this_commit().code_digest,
          pick_device(options.device).is_cuda() ? "cuda" : "cpu",
          options.common.threads,
          order.smoke};
}

// Between the plan and now another command may have begun, or ended, the same run.
std::optional<PointLock> claim(const Database& database, const WorkOrder& order,
                               const WorkOptions& options) {
  const Circumstances at = circumstances_of(order, options);
  auto lock = PointLock::try_lock(
      database.file(), fmt::format("{} {} {} {} {} {} {}", order.experiment_id, at.data_digest,
                                   at.seed, at.code_digest, at.device, at.threads, at.smoke));
  const auto complete = lock ? find_complete(database, order.experiment_id, at) : std::nullopt;
  if (lock && (!complete || complete->number <= order.planned_after)) return lock;
  fmt::print(stderr, "{}: another command {}; it is not begun twice\n", order.label,
             lock ? fmt::format("has done it (run {})", complete->number) : "is at work on it");
  return std::nullopt;
}

}  // namespace

NewRun run_made_here(Database& database, std::int64_t threads, std::string_view device) {
  const Commit commit = this_commit();
  NewRun run;
  run.commit_id = commit.id;
  run.dirty = commit.dirty;
  run.code_digest = commit.code_digest;
  run.machine_id = add_machine(database, machine_row(this_machine()));
  run.threads = threads;
  run.device = pick_device(device).is_cuda() ? "cuda" : "cpu";
  return run;
}

int work(const WorkGroup& planned, const WorkOptions& options) {
  obey_parent();
  if (options.max_minutes) {
    stop_request().set_deadline(
        std::chrono::steady_clock::now() +
        std::chrono::milliseconds(static_cast<std::int64_t>(*options.max_minutes * 60000)));
  }
  Database database = Database::open_for_writing(options.common.database);
  WorkGroup group;
  std::vector<PointLock> claims;
  std::vector<std::unique_ptr<RunLock>> locks;
  for (const WorkOrder& order : planned) {
    if (!order.resume) {
      auto claimed = claim(database, order, options);
      if (!claimed) continue;
      claims.push_back(std::move(*claimed));
    }
    locks.push_back(std::make_unique<RunLock>(options.common.database, order.uuid));
    group.push_back(order);
  }
  if (group.empty()) return kDoneElsewhere;
  if (trains_alone(database, group, options)) return kTrainAlone;
  add_metric_kinds(database, metric_kinds());
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
