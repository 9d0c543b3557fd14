// SPDX-License-Identifier: Apache-2.0
#include "cli/eval/eval_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>

#include "cli/run/targets.h"
#include "cli/run/worker.h"
#include "config/schema.h"
#include "core/digest.h"
#include "core/error.h"
#include "core/random.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay {
namespace {

ExperimentRow experiment_named(const std::string& name) {
  // Seeds of one model are runs of one experiment: the samples themselves are no part of its id.
  return {sha256_hex(fmt::format("{}\n{}", kOutsideFamily, name)), name,
          std::string(kOutsideFamily),
          fmt::format("name = {}\nfamily = \"{}\"\nnote = \"samples made elsewhere\"\n",
                      to_toml(name), kOutsideFamily)};
}

NewRun run_of(const EvalCommand& command, const EvalResult& result, Database& database,
              const std::string& experiment_id) {
  NewRun run = run_made_here(database, command.common.threads, command.device);
  run.uuid = random_uuid();
  run.experiment_id = experiment_id;
  run.seed = command.seed.value_or(0);
  run.data_digest = result.generated_digest;
  run.source = command.generated;
  return run;
}

// The same samples under another seed count as a second training, which they are not.
void warn_of_known_samples(const Database& database, const NewRun& run) {
  for (const RunRow& known : runs(database, {.experiments = {run.experiment_id}})) {
    if (known.data_digest != run.data_digest || known.seed == run.seed) continue;
    fmt::print(stderr,
               "warning: run {} holds the scores of these very samples as seed {}; one set of "
               "samples is of one training, and as seed {} it counts as another: `assay hide {}` "
               "leaves that one out\n",
               known.number, known.seed, run.seed, known.number);
    return;
  }
}

}  // namespace

void check_record(const EvalCommand& command) {
  const auto printable = [](unsigned char c) { return c >= 0x20 && c != 0x7F; };
  if (!std::ranges::all_of(command.record, printable))
    throw Error("--record: the name holds control characters; take a plain one, as 'peers/mine'");
  if (names_a_run(command.generated)) {
    throw Error(fmt::format(
        "--record {}: {} is a run, whose scores are stored with it; sweep its eval.* or sampler.* "
        "keys with `assay run` to store others",
        command.record, command.generated));
  }
  const auto names = experiment_names();
  if (std::ranges::find(names, command.record) == names.end()) return;
  throw Error(
      fmt::format("--record {}: is an experiment of assay's own; take another name, as "
                  "'outside/{}'",
                  command.record, command.record));
}

std::int64_t record_scores(const EvalCommand& command, const EvalResult& result) {
  Database database = Database::open_for_writing(command.common.database);
  const ExperimentRow experiment = experiment_named(command.record);
  add_experiment(database, experiment);
  add_metric_kinds(database, metric_kinds());
  const NewRun run = run_of(command, result, database, experiment.id);
  warn_of_known_samples(database, run);
  const RunLock lock(database.file(), run.uuid);
  const std::int64_t number = begin_run(database, run);
  RunRecorder recorder(database, number);
  Evaluation evaluation{0, result.values};
  for (MetricValue& value : evaluation.metrics) {
    // Which files they were is the run's data digest: seeds of one model share a protocol.
    value.protocol.erase("generated");
    value.protocol.erase("generated_digest");
  }
  recorder.evaluated(evaluation);
  RunFinished end;
  end.status = "complete";
  recorder.finished(end);
  return number;
}

}  // namespace assay
