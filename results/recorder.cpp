// SPDX-License-Identifier: Apache-2.0
#include "results/recorder.h"

#include <fmt/format.h>

#include <set>
#include <stdexcept>
#include <utility>

#include "core/folder.h"
#include "results/row_digest.h"
#include "results/row_writer.h"
#include "results/run_lock.h"
#include "results/stored_name.h"

namespace assay {
namespace {

// A commit waits for the disk, so rows are written once a second; a run that makes more than this
// in a second does not let them pile up.
constexpr std::size_t kRowsAtOnce = 10'000;
constexpr std::chrono::seconds kTick{1};

}  // namespace

RunRecorder::RunRecorder(Database& database, std::int64_t run, NowFunction now)
    : database_(database), run_(run), now_(std::move(now)) {
  auto query = database_.prepare("SELECT uuid, wall_seconds, images_seen FROM run WHERE id = ?");
  query.bind(run);
  if (!query.step()) throw std::logic_error(fmt::format("there is no run {}", run));
  folder_ = run_folder(database_.file(), query.text(0));
  earlier_wall_seconds_ = query.real(1);
  progress_.images_seen = query.integer(2);
}

void RunRecorder::data_read(const std::string& text) {
  add(EventRow{utc_now(), 0, "data", text}, 1);
}

void RunRecorder::scalars(const Scalars& scalars) {
  pending_scalars_.push_back(scalars);
  pending_rows_ += scalars.values.size();
  flush_if_due();
}

void RunRecorder::evaluated(const Evaluation& evaluation) {
  std::set<std::pair<std::string, std::string>> seen;
  for (const MetricValue& metric : evaluation.metrics) {
    if (seen.emplace(metric.name, protocol_id(metric.protocol)).second) continue;
    throw std::logic_error(
        fmt::format("an evaluation holds {} twice under one protocol at {} images", metric.name,
                    evaluation.images_seen));
  }
  add(evaluation, evaluation.metrics.size());
}

void RunRecorder::artifact(const Artifact& artifact) { add(artifact, 1); }

void RunRecorder::throughput(const Throughput& throughput) { add(throughput, 1); }

void RunRecorder::note(const Note& note) {
  add(EventRow{utc_now(), note.images_seen, note.kind, note.text}, 1);
}

void RunRecorder::progress(const Progress& progress) {
  progress_ = progress;
  progressed_ = true;
  flush_if_due();
}

void RunRecorder::add(Pending pending, std::size_t rows) {
  pending_.push_back(std::move(pending));
  pending_rows_ += rows;
  flush_if_due();
}

void RunRecorder::flush_if_due() {
  if (pending_rows_ >= kRowsAtOnce || now_() - last_written_ >= kTick) flush();
}

void RunRecorder::flush() {
  if (pending_rows_ == 0 && !progressed_) return;
  Transaction transaction(database_);
  insert_pending();
  update_progress();
  transaction.commit();
  written();
}

void RunRecorder::insert_pending() {
  insert_rows(database_, run_, pending_scalars_);
  for (const auto& pending : pending_) {
    std::visit([this](const auto& rows) { insert_rows(database_, run_, rows); }, pending);
  }
}

void RunRecorder::update_progress() {
  // The wall time so far as well, so that an attempt that is killed still counts.
  const double wall = std::chrono::duration<double>(now_() - begun_).count();
  database_
      .prepare(
          "UPDATE run SET images_seen = ?, phase = ?, images_per_second = ?, updated_at = ?, "
          "wall_seconds = ?, "
          "images_total = MAX(images_total, ?) WHERE id = ?")
      .bind(progress_.images_seen, progress_.phase, progress_.images_per_second, utc_now(),
            earlier_wall_seconds_ + wall, progress_.images_total, run_)
      .run();
  seal_row(database_, "run", run_);
}

void RunRecorder::written() {
  pending_scalars_.clear();
  pending_.clear();
  pending_rows_ = 0;
  progressed_ = false;
  last_written_ = now_();
  database_.fold_log();
}

std::vector<std::string> RunRecorder::drop_old_checkpoints(std::int64_t kept) {
  std::vector<std::string> files;
  auto old = database_.prepare(
      "SELECT file FROM checkpoint WHERE run_id = ? ORDER BY images_seen DESC LIMIT -1 OFFSET ?");
  old.bind(run_, kept);
  while (old.step()) files.push_back(stored_file_name(database_, old.text(0)));
  old.reset();
  database_
      .prepare(
          "DELETE FROM checkpoint WHERE run_id = ?1 AND images_seen NOT IN "
          "(SELECT images_seen FROM checkpoint WHERE run_id = ?1 ORDER BY images_seen DESC LIMIT "
          "?2)")
      .bind(run_, kept)
      .run();
  return files;
}

void RunRecorder::remove_files(const std::vector<std::string>& names,
                               const std::string& except) const {
  for (const auto& name : names) {
    std::error_code problem;
    if (name != except) std::filesystem::remove(folder_ / name, problem);
  }
}

void RunRecorder::checkpointed(const CheckpointSaved& checkpoint) {
  const std::string name = checkpoint.file.filename().string();
  if (!path_exists(folder_ / name)) {
    throw std::logic_error(fmt::format("checkpoint {} does not lie in {}", checkpoint.file.string(),
                                       folder_.string()));
  }
  Transaction transaction(database_);
  insert_pending();
  database_
      .prepare(
          "INSERT OR REPLACE INTO checkpoint (run_id, images_seen, file, sha256) VALUES (?, ?, ?, "
          "?)")
      .bind(run_, checkpoint.images_seen, name, checkpoint.sha256)
      .run();
  constexpr std::int64_t kKeptWhileRunning = 2;
  const auto old_files = drop_old_checkpoints(kKeptWhileRunning);
  update_progress();
  transaction.commit();
  written();
  // After the commit: a crash between the two leaves a file too many, never a row without its file.
  remove_files(old_files, name);
}

void RunRecorder::finished(const RunFinished& finished) {
  try {
    record_end(finished);
  } catch (const std::logic_error& problem) {
    // Rows that the database refuses must not keep the end of the run from being recorded.
    pending_scalars_.clear();
    pending_.clear();
    RunFinished failed = finished;
    failed.status = "failed";
    failed.reason = fmt::format("its last rows could not be stored: {}", problem.what());
    record_end(failed);
    throw;
  }
}

void RunRecorder::record_end(const RunFinished& finished) {
  Transaction transaction(database_);
  insert_pending();
  database_
      .prepare(
          "UPDATE run SET images_seen = MAX(images_seen, ?), state_hash = ?, wall_seconds = ?, "
          "phase = '', "
          "images_per_second = 0, "
          "peak_memory_bytes = MAX(peak_memory_bytes, ?) WHERE id = ?")
      .bind(finished.images_seen, finished.state_hash,
            earlier_wall_seconds_ + finished.wall_seconds, finished.peak_memory_bytes, run_)
      .run();
  // The last one holds the final weights.
  std::vector<std::string> old_files;
  if (finished.status == "complete") old_files = drop_old_checkpoints(1);
  close_run(database_, run_, {finished.status, finished.reason});
  transaction.commit();
  written();
  remove_files(old_files);
}

}  // namespace assay
