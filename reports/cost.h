// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "results/database.h"

namespace assay {

/// What a run of one definition costs, by its complete runs on one device of one machine.
struct RunCost {
  double seconds = 0.0;           ///< of a run: the upper median
  double seconds_of_seed = 0.0;   ///< its part of them, where seeds trained as one model; the mean
  std::int64_t memory_bytes = 0;  ///< the largest peak
  std::string memory_of;          ///< "GPU" or "process": whose that is
  std::string device;             ///< "cpu" or "cuda"
  std::string machine;            ///< the name of its GPU or CPU
};

/// Costs by the ids of definitions that have complete runs. Of one with runs on several devices or
/// machines those on `device` count if there are any, and of these the ones on the machine of the
/// newest.
std::map<std::string, RunCost> run_costs(const Database& database, std::string_view device);

}  // namespace assay
