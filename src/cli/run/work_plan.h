// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <string>
#include <vector>

#include "cli/run/targets.h"
#include "cli/run/work_order.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// What of a plan a database holds already, and orders for the rest.
struct Work {
  std::vector<std::string> done;  ///< uuids of complete runs that stand in for planned ones
  std::vector<WorkOrder> orders;
  std::vector<std::string> notes;  ///< what the user should know before it begins
};

/// Each point (definition, data, seed) once, however often a plan names it. A run that is complete
/// in the same circumstances (results/queries.h) stands in for it, an interrupted one goes on; with
/// `again` neither. Of points that differ in [eval] and [sampler] alone one trains, or has trained,
/// and the others score its weights: but one that is scored during training trains by itself, since
/// only final weights are kept. Throws Error where data are missing.
Work plan_work(Database& database, const Plan& plan, torch::Device device, int threads, bool again);

/// What is scored at its end alone can be scored from final weights, which are the only ones kept.
bool is_scored_during_training(const Definition& definition);

/// What a person calls a run: "vae/fashion_mnist seed 0".
std::string run_label(const std::string& experiment, std::uint64_t seed);

/// A run to go on with.
WorkOrder order_to_resume(const Database& database, const RunRow& row);

}  // namespace assay
