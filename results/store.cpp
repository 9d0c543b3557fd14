// SPDX-License-Identifier: Apache-2.0
#include "results/store.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "core/error.h"
#include "core/random.h"
#include "results/queries.h"
#include "results/row_digest.h"
#include "results/row_writer.h"

namespace assay {
namespace {

std::string status_of(const Database& database, std::int64_t run) {
  auto query = database.prepare("SELECT status FROM run WHERE id = ?");
  query.bind(run);
  if (!query.step()) throw std::logic_error(fmt::format("there is no run {}", run));
  return query.text(0);
}

// kept = -1 takes everything. Events of the run's life stay.
void remove_rows_after(Database& database, std::int64_t run, std::int64_t kept) {
  for (const auto* sql : {"DELETE FROM series WHERE run_id = ? AND images_seen > ?",
                          "DELETE FROM metric WHERE run_id = ? AND images_seen >= ?",
                          "DELETE FROM artifact WHERE run_id = ? AND images_seen >= ?",
                          "DELETE FROM checkpoint WHERE run_id = ? AND images_seen > ?",
                          "DELETE FROM event WHERE run_id = ? AND images_seen >= ? AND kind NOT IN "
                          "('started', 'resumed', 'interrupted', 'diverged', 'failed')"}) {
    database.prepare(sql).bind(run, kept).run();
  }
  if (kept < 0) database.prepare("DELETE FROM throughput WHERE run_id = ?").bind(run).run();
}

}  // namespace

void add_experiment(Database& database, const ExperimentRow& experiment) {
  Transaction transaction(database);
  auto known = database.prepare("SELECT 1 FROM experiment WHERE id = ?");
  known.bind(experiment.id);
  if (known.step()) return;
  database
      .prepare(
          "INSERT INTO experiment (id, name, family, definition, digest) VALUES (?, ?, ?, ?, '')")
      .bind(experiment.id, experiment.name, experiment.family, experiment.definition)
      .run();
  seal_row(database, "experiment", database.last_row());
  transaction.commit();
}

std::int64_t add_machine(Database& database, const MachineRow& m) {
  Transaction transaction(database);
  auto known = database.prepare(
      "SELECT id FROM machine WHERE cpu = ? AND flags = ? AND cores = ? AND memory = ? AND gpu = ? "
      "AND driver = ? "
      "AND os = ? AND compiler = ? AND libtorch = ?");
  known.bind(m.cpu, m.flags, m.cores, m.memory_bytes, m.gpu, m.driver, m.os, m.compiler,
             m.libtorch);
  if (known.step()) return known.integer(0);
  database
      .prepare(
          "INSERT INTO machine (cpu, flags, cores, memory, gpu, driver, os, compiler, libtorch, "
          "digest) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, '')")
      .bind(m.cpu, m.flags, m.cores, m.memory_bytes, m.gpu, m.driver, m.os, m.compiler, m.libtorch)
      .run();
  const std::int64_t id = database.last_row();
  seal_row(database, "machine", id);
  transaction.commit();
  return id;
}

void add_metric_kinds(Database& database, std::span<const MetricKind> kinds) {
  const std::vector<MetricKind> stored = metric_kinds_of(database);
  Transaction transaction(database);
  for (const MetricKind& kind : kinds) {
    if (std::ranges::find(stored, kind) != stored.end()) continue;
    database
        .prepare(
            "INSERT OR REPLACE INTO metric_kind (name, better, unit, meaning, digest) "
            "VALUES (?, ?, ?, ?, '')")
        .bind(kind.name, better_name(kind.better), kind.unit, kind.meaning)
        .run();
    seal_row(database, "metric_kind", database.last_row());
  }
  transaction.commit();
}

std::int64_t begin_run(Database& database, const NewRun& r) {
  Transaction transaction(database);
  const std::string now = utc_now();
  database
      .prepare(
          "INSERT INTO run (uuid, experiment_id, seed, commit_id, dirty, machine_id, threads, "
          "jobs, device, "
          "smoke, overrides, status, started_at, updated_at, images_total, parent_uuid, "
          "definition, "
          "training_id, data_digest, code_digest, weights_sha256, first_stage_uuid, "
          "first_stage_state, digest) "
          "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 'running', ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, "
          "'')")
      .bind(r.uuid, r.experiment_id, r.seed, r.commit_id, r.dirty, r.machine_id, r.threads, r.jobs,
            r.device, r.smoke, r.overrides, now, now, r.images_total, r.parent_uuid, r.definition,
            r.training_id, r.data_digest, r.code_digest, r.weights_sha256, r.first_stage_uuid,
            r.first_stage_state)
      .run();
  const std::int64_t run = database.last_row();
  insert_rows(database, run, EventRow{now, 0, "started", r.source});
  seal_row(database, "run", run);
  transaction.commit();
  return run;
}

void resume_run(Database& database, std::int64_t run, std::optional<std::int64_t> images_seen) {
  Transaction transaction(database);
  if (status_of(database, run) == "complete") {
    throw Error(fmt::format(
        "{}: run {} is complete, there is nothing to resume; `assay run --again` repeats it",
        database.file().string(), run));
  }
  remove_rows_after(database, run, images_seen.value_or(-1));
  const std::int64_t from = images_seen.value_or(0);
  insert_rows(database, run,
              EventRow{utc_now(), from, "resumed", images_seen ? "" : "from the start"});
  database
      .prepare(
          "UPDATE run SET status = 'running', reason = '', images_seen = ?, updated_at = ?, phase "
          "= '', "
          "images_per_second = 0, state_hash = '', rows_digest = NULL, log_digest = NULL WHERE id "
          "= ?")
      .bind(from, utc_now(), run)
      .run();
  seal_row(database, "run", run);
  transaction.commit();
}

void add_verdicts(Database& database, const std::vector<VerdictRow>& verdicts) {
  Transaction transaction(database);
  const std::string now = utc_now();
  for (const VerdictRow& v : verdicts) {
    database
        .prepare(
            "INSERT INTO verdict (at, suite, kind, subject, outcome, effect, low, high, p, n_a, "
            "n_b, detail, uuid, digest) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')")
        .bind(v.at.empty() ? now : v.at, v.suite, v.kind, v.subject, v.outcome, v.effect, v.low,
              v.high, v.p, v.n_a, v.n_b, v.detail, random_uuid())
        .run();
    seal_row(database, "verdict", database.last_row());
  }
  transaction.commit();
}

}  // namespace assay
