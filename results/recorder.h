// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <variant>
#include <vector>

#include "core/events.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// Writes what one run does into the database. Rows wait until there are 10,000 of them or a second
/// has passed, then go in one transaction with the progress columns; a checkpoint and the end of
/// the run are written at once, with all rows before them. Functions throw Error (exit 3) when the
/// disk is full; waiting rows are kept for the next try.
class RunRecorder : public RunObserver {
 public:
  using Clock = std::chrono::steady_clock;
  using NowFunction = std::function<Clock::time_point()>;

  /// The database must outlive the recorder and belongs to the same thread. `now` tells the time.
  RunRecorder(Database& database, std::int64_t run, NowFunction now = Clock::now);

  void data_read(const std::string& text) override;
  void scalars(const Scalars& scalars) override;
  void evaluated(const Evaluation& evaluation) override;
  void artifact(const Artifact& artifact) override;
  void throughput(const Throughput& throughput) override;
  void note(const Note& note) override;
  void progress(const Progress& progress) override;
  /// Registers a checkpoint file that lies in run_folder(); keeps the two newest and deletes older
  /// files. A complete run keeps the last one alone: its final weights.
  void checkpointed(const CheckpointSaved& checkpoint) override;
  /// Throws std::logic_error if the last rows are refused; the run is then recorded as failed,
  /// without them.
  void finished(const RunFinished& finished) override;

  /// Writes what waits.
  void flush();

 private:
  using Pending = std::variant<Evaluation, Artifact, Throughput, EventRow>;

  void add(Pending pending, std::size_t rows);
  void flush_if_due();
  void insert_pending();
  void record_end(const RunFinished& finished);
  void update_progress();
  void written();
  std::vector<std::string> drop_old_checkpoints(std::int64_t kept);
  void remove_files(const std::vector<std::string>& names, const std::string& except = {}) const;

  Database& database_;
  std::int64_t run_;
  std::filesystem::path folder_;
  double earlier_wall_seconds_ = 0.0;
  std::vector<Scalars> pending_scalars_;
  std::vector<Pending> pending_;
  std::size_t pending_rows_ = 0;
  Progress progress_;
  bool progressed_ = false;
  NowFunction now_;
  Clock::time_point begun_ = now_();
  Clock::time_point last_written_ = now_();
};

}  // namespace assay
