// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <functional>
#include <vector>

#include "cli/worker.h"

namespace assay {

struct WorkResult {
  WorkGroup group;
  bool started = false;
  int exit_code = 0;  ///< of the worker; 128 + signal if one killed it
};

/// Does groups of orders in worker processes, `jobs` at a time, in their order. `tick` is called
/// about ten times a second while workers run. The first Ctrl-C or SIGTERM asks the workers to save
/// a checkpoint and end, and starts no more; the second kills them and ends this process with 130.
/// After a failure with fail_fast no more are started.
class WorkerPool {
 public:
  WorkerPool(std::vector<WorkGroup> groups, const WorkOptions& options);

  void run(const std::function<void()>& tick);
  const std::vector<WorkResult>& results() const { return results_; }
  bool interrupted() const { return interrupted_; }

 private:
  struct Child {
    pid_t pid;
    std::size_t group;
  };

  void start_next();
  void start(std::size_t group);
  void reap();
  void obey_signals();

  WorkOptions options_;
  std::chrono::steady_clock::time_point began_;
  std::vector<WorkResult> results_;
  std::vector<Child> children_;
  std::size_t next_ = 0;
  int signals_obeyed_ = 0;
  bool interrupted_ = false;
  bool stop_starting_ = false;
};

}  // namespace assay
