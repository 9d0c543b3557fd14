// SPDX-License-Identifier: Apache-2.0
#include "cli/seed_batches.h"

#include "cli/stored.h"
#include "core/error.h"
#include "harness/environment.h"
#include "harness/runner.h"

namespace assay {

std::int64_t SeedBatches::places(const Definition& definition, torch::Device device) {
  const auto [found, is_new] = places_.try_emplace({definition.id(), device.str()}, 0);
  if (is_new) {
    try {
      found->second = seed_batch_places({definition, 0, device, {}, {}});
    } catch (const std::exception&) {
      return 0;
    }
  }
  return found->second;
}

std::int64_t SeedBatches::places(const Database& database, const RunRow& row) {
  try {
    return places(stored_definition(experiment_of(database, row.experiment_id)),
                  pick_device(row.device));
  } catch (const Error&) {
    return 0;  // a definition of another version of assay, or a device that is not here
  }
}

}  // namespace assay
