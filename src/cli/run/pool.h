// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <string>
#include <vector>

#include "cli/run/work_order.h"

namespace assay {

struct WorkResult {
  WorkGroup group;
  bool started = false;
  bool ended = false;
  int exit_code = 0;       ///< of the worker; 128 + signal if one killed it
  bool abandoned = false;  ///< the run whose weights it scores is not complete
};

/// Does groups of orders in worker processes, `jobs` at a time, in their order: but an order that
/// scores the weights of another waits until that one is complete, and is not begun if it fails. A
/// group whose worker finds its seeds faster one at a time (kTrainAlone) is split. `tick` is called
/// about ten times a second while workers run. The first Ctrl-C or SIGTERM asks the workers to save
/// a checkpoint and end, and starts no more; the second kills them and ends this process with 130.
/// After the time limit, and after a failure with fail_fast, no more are started.
class WorkerPool {
 public:
  /// is_complete(uuid): whether a run of these groups, or of earlier commands, is.
  WorkerPool(std::vector<WorkGroup> groups, const WorkOptions& options,
             std::function<bool(const std::string&)> is_complete);

  void run(const std::function<void()>& tick);
  const std::vector<WorkResult>& results() const { return results_; }
  /// By a signal or the time limit, while there was something left to do.
  bool stopped() const { return stopped_; }

 private:
  struct Child {
    pid_t pid;
    std::size_t group;
  };

  enum class Readiness { kReady, kWaiting, kNever };
  Readiness readiness_of(const WorkGroup& group) const;
  Readiness readiness_after(const std::string& uuid) const;
  double minutes_left() const;
  void start_next();
  void split(std::size_t group);
  void start(std::size_t group);
  void reap();
  void obey_signals();

  WorkOptions options_;
  std::function<bool(const std::string&)> is_complete_;
  std::chrono::steady_clock::time_point began_;
  std::vector<WorkResult> results_;
  std::vector<Child> children_;
  int signals_obeyed_ = 0;
  bool stopped_ = false;
  bool stop_starting_ = false;
};

}  // namespace assay
