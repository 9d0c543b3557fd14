// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "cli/context.h"

namespace assay {

/// One run that is to be done.
struct WorkOrder {
  std::string uuid;
  std::string label;               ///< "vae/fashion_mnist, seed 0"
  bool resume = false;             ///< the run is in the database already
  std::string experiment_id = {};  ///< already stored
  std::uint64_t seed = 0;
  bool smoke = false;
  std::string options = {};        ///< stored with a new run
  std::string definition = {};     ///< the run's own resolved text, if it is new
  std::string data_digest = {};    ///< of what it was planned on, if it is new
  std::int64_t planned_after = 0;  ///< number of the newest run when it was planned
  std::string parent = {};         ///< uuid of the run whose weights it scores; empty: it trains
  std::string first_stage = {};    ///< uuid of the run whose weights it trains on; empty: on none
  std::int64_t places = 0;         ///< train.seed_batch of its definition; 0: it trains alone
  std::string settings = {};       ///< of a run to resume: where from, device, threads
  std::string source = {};         ///< stored with a new run: what its definition was read from
  std::string data = {};  ///< of a run to resume: where its data lie now; empty: where they lay
};

/// What one process does: a run, or several seeds that train as one model. torch's global generator
/// and thread pool belong to a process, so other runs that share one could not be repeated.
using WorkGroup = std::vector<WorkOrder>;

/// Orders in groups, in the order of each group's first: those of one definition with
/// n > 0 places that begin at the same point, at most one for each of its n places
/// (harness/seed_batch.h), share a group; others have one of their own.
std::vector<WorkGroup> grouped(const std::vector<WorkOrder>& orders);

struct WorkOptions {
  CommonOptions common;
  std::string device = "auto";
  int jobs = 1;                            ///< runs at a time
  std::optional<double> max_minutes = {};  ///< for all runs together
  bool fail_fast = false;
  std::filesystem::path data = {};  ///< where the data of resumed runs lie now
};

/// Arguments of the hidden command `assay worker` that does a group.
std::vector<std::string> worker_arguments(const WorkGroup& group, const WorkOptions& options);

}  // namespace assay
