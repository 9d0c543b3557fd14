// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "results/database.h"

namespace assay {

struct Pruned {
  std::int64_t pictures = 0;
  std::int64_t bytes = 0;
};

/// Deletes the pictures that no report shows and gives their room back, so that a database of many
/// seeds can be kept or sent: of each experiment the complete runs of the lowest seed keep all, of
/// the others each keeps its last samples. Numbers and tables stay. A run that loses pictures gets
/// an event `pruned` and digests of what it now holds; runs that are not complete are left alone.
Pruned prune_pictures(Database& database);

}  // namespace assay
