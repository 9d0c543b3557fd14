// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "results/database.h"
#include "results/rows.h"

namespace assay {

struct Finding {
  enum class Severity { kWarning, kDamage };
  Severity severity = Severity::kDamage;
  std::string text;  ///< what is wrong, where, and what to do
};

/// Checks SQLite's own structures, the schema and every stored digest: definitions, machines,
/// protocols, runs, each ended run's rows, checkpoint files. A single flipped bit that changes a
/// row of an ended run is found. Empty: all is well. Throws Error (exit 2) if the file is missing
/// or never was assay's; damage, even one that keeps it from opening, is a finding.
std::vector<Finding> check_database(const std::filesystem::path& database);

/// Throws Error (exit 4) if a run, its curves, scores or pictures are not what they were when they
/// were written.
void require_sound(const Database& database, const RunRow& run);

}  // namespace assay
