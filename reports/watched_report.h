// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// A report that is read again while runs go on. Rows of runs are never rewritten, so an experiment
/// of which no run has moved since, and none is running, keeps what was read of it.
class WatchedReport {
 public:
  WatchedReport(std::vector<std::filesystem::path> databases, ReportOptions options);

  /// Equal to build_report() at this moment. Throws Error as that does.
  Report read();
  /// Experiments whose scores, curves and pictures the last read() took from the databases.
  std::size_t experiments_read() const { return read_; }

 private:
  struct Known {
    std::string moves;  ///< of each run: status, phase and how far it has come
    ExperimentSummary summary;
  };

  std::vector<std::filesystem::path> databases_;
  ReportOptions options_;
  std::vector<MetricColumn> columns_;  ///< as they were found: without labels
  std::map<std::string, Known> known_;
  std::size_t read_ = 0;
};

}  // namespace assay
