// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <ATen/Parallel.h>

#include <cstdio>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cli/app.h"
#include "cli/commands/commands.h"
#include "cli/commands/repeated_values.h"
#include "cli/stored.h"
#include "cli/text/words.h"
#include "core/error.h"
#include "harness/environment.h"
#include "harness/runner.h"
#include "reports/state_difference.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

struct VerifyCommand {
  CommonOptions common;
  std::string run;
  bool scores_only = false;    // start from the stored weights instead of training
  std::filesystem::path data;  // where the data lie now; empty: where they lay
};

// Keeps what the repeated run says.
class Collector : public RunObserver {
 public:
  void scalars(const Scalars& scalars) override {
    for (const auto& [name, value] : scalars.values) series[{name, scalars.images_seen}] = value;
  }
  void evaluated(const Evaluation& evaluation) override {
    for (const auto& metric : evaluation.metrics)
      scores[{metric.name, evaluation.images_seen}] = {metric.value, metric.protocol};
  }
  void artifact(const Artifact& artifact) override {
    if (artifact.kind == kStateTensors) state_tensors = artifact.bytes;
  }
  Points series;
  Scores scores;
  std::string state_tensors;
};

// Series that a family logs since the run was made, by other sources, differ in nothing.
std::vector<std::string> drop_new_series(const Points& stored, Points& repeated) {
  std::set<std::string> known, fresh;
  for (const auto& [at, value] : stored) known.insert(at.first);
  for (const auto& [at, value] : repeated) {
    if (!known.contains(at.first)) fresh.insert(at.first);
  }
  std::erase_if(repeated, [&](const auto& point) { return fresh.contains(point.first.first); });
  return {fresh.begin(), fresh.end()};
}

bool same_kind_of_machine(const MachineRow& stored) {
  const Machine now = this_machine();
  return stored.cpu == now.cpu && stored.flags == now.flags && stored.compiler == now.compiler &&
         stored.libtorch == now.libtorch && stored.gpu == now.gpu;
}

struct Stored {
  RunRow row;
  RunRow trained;  // whose weights were scored: the same run, or another
  Points series;
  Scores scores;
  std::string state_tensors;  // empty of runs of before they were kept
  bool same_machine = false;
  Definition definition;
  std::optional<std::filesystem::path> weights;  // to start from
  std::optional<FirstStageWeights> first_stage;  // to train on
};

RunRow complete_run(const Database& database, const std::string& run) {
  RunRow row = find_run(database, run);
  require_training(row);
  if (row.status == "complete") return row;
  throw Error(
      fmt::format("run {} is {}; only complete runs can be verified", row.number, row.status));
}

std::filesystem::path stored_weights(const Database& database, const RunRow& trained) {
  if (const auto weights = sound_checkpoint(database, trained.number)) return weights->file;
  throw lost_weights(database, trained, "leave --scores-only out, so that it is trained again");
}

Stored load(const VerifyCommand& command) {
  const Database database = Database::open_for_reading(command.common.database);
  Stored stored;
  stored.row = complete_run(database, command.run);
  stored.trained = trained_run(database, stored.row);
  for (const auto& point : series_of(database, stored.trained.number))
    stored.series[{point.name, point.images_seen}] = point.value;
  for (const auto& metric : metrics_of(database, stored.row.number))
    stored.scores[{metric.name, metric.images_seen}] = {metric.value, metric.protocol};
  stored.state_tensors = state_tensors_of(database, stored.row);
  stored.same_machine = same_kind_of_machine(machine_of(database, stored.row.machine_id));
  stored.definition = stored_definition(database, stored.row, {.data = command.data});
  if (command.scores_only) stored.weights = stored_weights(database, stored.trained);
  if (stored.row.first_stage_uuid && !command.scores_only) {
    stored.first_stage = first_stage_of(database, stored.row);
  }
  require_same_data(stored.definition, stored.row);
  return stored;
}

// Scores between the steps of a run whose weights there are gone can only be repeated with it.
void drop_scores_during_training(Stored& stored) {
  std::erase_if(stored.scores, [&](const auto& entry) {
    const std::int64_t at = entry.first.second;
    return at != 0 && at != stored.row.images_seen;
  });
  stored.series.clear();
}

// Returns how many values were compared.
std::size_t compare(const Stored& stored, const Collector& now, const RunFinished& finished,
                    Differences& differences) {
  print_protocol_changes(stored.scores, now.scores);
  if (!stored.same_machine) {
    compare_within(stored.series, now.series, differences);
    compare_within(stored.scores, now.scores, differences);
    return names_in(stored.series) + names_in(stored.scores);
  }
  compare_exactly(stored.series, now.series, differences);
  compare_exactly(stored.scores, now.scores, differences);
  if (finished.state_hash != stored.row.state_hash) {
    const std::string tensors = state_difference(stored.state_tensors, now.state_tensors);
    differences.add(fmt::format("state hash: {} stored, {} now{}{}", stored.row.state_hash,
                                finished.state_hash, tensors.empty() ? "" : "; ", tensors));
  }
  return union_size(stored.series, now.series) + union_size(stored.scores, now.scores) + 1;
}

// `assay verify RUN`: repeats a stored run from the database alone, in memory, and compares every
// scalar, metric and the state hash. Of a run that scores another one's weights the training of
// that one is repeated first, and then its scores. Bit for bit where the run was made on the same
// kind of machine with the same threads; else each loss's mean over the run and each final metric
// must agree within kSeriesBand and kMetricBand.
int verify_command(const VerifyCommand& command) {
  Stored stored = load(command);
  if (command.scores_only) drop_scores_during_training(stored);
  at::set_num_threads(static_cast<int>(stored.row.threads));
  RunRequest request{stored.definition, stored.row.seed, pick_device(stored.row.device), {}, {}};
  request.weights = stored.weights;
  request.first_stage = stored.first_stage;
  if (!command.common.quiet) {
    fmt::print(stderr, "repeating run {} ({} seed {}{})\n", stored.row.number,
               stored.row.experiment, stored.row.seed,
               stored.row.parent_uuid && !command.scores_only
                   ? fmt::format(", with the training of run {}", stored.trained.number)
                   : "");
  }
  Collector now;
  const StopRequest never;
  const RunFinished finished = run_experiment(request, now, never);
  if (stored.row.code_digest != this_commit().code_digest && !command.scores_only) {
    if (const auto fresh = drop_new_series(stored.series, now.series); !fresh.empty()) {
      fmt::print("logged since, and not compared: {}\n", fmt::join(fresh, ", "));
    }
  }
  Differences differences;
  const std::size_t values = compare(stored, now, finished, differences);
  differences.finish();
  const std::string_view how =
      stored.same_machine ? "bit for bit" : "within the bands for another kind of machine";
  if (differences.count() == 0) {
    fmt::print("run {} repeats {}: {}{}\n", stored.row.number, how,
               counted_text(static_cast<std::int64_t>(values), "value"),
               stored.same_machine ? ", the state hash among them" : "");
    return 0;
  }
  fmt::print("run {} does NOT repeat {}: {} among {}\n", stored.row.number, how,
             counted_text(differences.count(), "difference"),
             counted_text(static_cast<std::int64_t>(values), "value"));
  return static_cast<int>(ExitCode::kRegression);
}

}  // namespace

void add_verify(App& app) {
  const auto options = std::make_shared<VerifyCommand>();
  CLI::App* verify =
      app.command("verify", "repeat a stored run and compare every value", "assay verify 12");
  verify->add_option("RUN", options->run, "number or uuid prefix")->required();
  verify->add_flag("--scores-only", options->scores_only,
                   "start from the stored weights: only the scores at the start and the end");
  verify->add_option("--data", options->data, "where its data lie now")->check(not_empty);
  app.act(verify, [&app, options] {
    options->common = app.common();
    return verify_command(*options);
  });
}

}  // namespace assay
