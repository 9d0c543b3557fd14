// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace assay {

/// One run, to be done by a process of its own: torch's global generator and thread pool belong to
/// a process, so runs that share one could not be repeated.
struct WorkOrder {
  std::string uuid;
  std::string label;               ///< "vae/fashion_mnist, seed 0"
  bool resume = false;             ///< the run is in the database already
  std::string experiment_id = {};  ///< of a new run, already stored
  std::uint64_t seed = 0;
  bool smoke = false;
  std::string options = {};  ///< stored with a new run
};

struct WorkOptions {
  CommonOptions common;
  std::string device = "auto";
  int jobs = 1;                            ///< runs at a time
  std::optional<double> max_minutes = {};  ///< for all runs together
  bool fail_fast = false;
};

/// Arguments of the hidden command `assay worker` that does an order.
std::vector<std::string> worker_arguments(const WorkOrder& order, const WorkOptions& options);

/// Does an order in this process. Returns the exit code of the run.
int work(const WorkOrder& order, const WorkOptions& options);

}  // namespace assay
