// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// A setting that two definitions have otherwise.
struct ChangedKey {
  std::string key;
  std::string base, other;  ///< as TOML; "–" where a definition lacks it
};
/// What of `other` differs from `base`, by key. Empty where one cannot be read.
std::vector<ChangedKey> changed_keys(const ExperimentSummary& base, const ExperimentSummary& other);

/// A rung: an experiment, and what tells it from the ladder's base.
struct Rung {
  std::size_t experiment = 0;  ///< index into Report::experiments
  std::vector<ChangedKey> changes;
};

/// Experiments of one family around one of them, the fewest changes first, the base itself before
/// all (with none).
struct Ladder {
  std::string base;  ///< its label
  std::vector<Rung> rungs;
};

/// For each family the ladder around the experiment of which most others differ in one key alone:
/// with two of those or more, of which not all change the same key (that would be a sweep). Rungs
/// of up to four changes belong to it; runs under other settings (reports/run_settings.h) do not.
std::vector<Ladder> ladders_of(const Report& report);

}  // namespace assay
