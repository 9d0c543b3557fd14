// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "cli/context.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// What a run is doing, as `run`, `resume` and `status` show it.
struct RunView {
  RunRow row;
  std::vector<SeriesPoint> losses;  ///< last value of each
  double eta_seconds = -1.0;        ///< negative: not known yet
};

RunView view_of(const Database& database, const RunRow& row);

/// "vae/x seed 0 | train 12,800/64,000 (20 %) | loss 23.1 | 1,400 images/s | ETA 0:40"
std::string plain_line(const RunView& view);

/// One bar of `width` columns.
std::string bar_line(const RunView& view, int width);

/// Draws running runs on stderr: live bars on a terminal, a plain line each every 30 s otherwise.
class Display {
 public:
  explicit Display(const CommonOptions& options);
  ~Display();
  Display(const Display&) = delete;
  Display& operator=(const Display&) = delete;

  /// Cheap to call often; reads the database and draws when it is time.
  void update(const Database& database, const std::vector<std::string>& uuids);
  /// Prints a line above the bars.
  void say(const std::string& line);
  void clear();

 private:
  using Clock = std::chrono::steady_clock;
  bool quiet_;
  bool live_;
  std::size_t drawn_ = 0;
  Clock::time_point last_ = Clock::now();
};

}  // namespace assay
