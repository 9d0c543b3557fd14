// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "results/database.h"

namespace assay {

/// What of a database is copied.
struct MergeSelection {
  std::optional<std::set<std::int64_t>> runs = {};  ///< these alone, by number; empty: all
  bool verdicts = true;
  bool checkpoints = true;  ///< the weights' files too
};

struct Merged {
  std::int64_t runs = 0;               ///< copied, with all their rows
  std::int64_t renewed = 0;            ///< were there as far as they had come then
  std::int64_t known = 0;              ///< were there already
  std::int64_t verdicts = 0;           ///< copied
  std::vector<std::string> left = {};  ///< runs that were not copied, and why
};

/// Copies into `target` what it lacks of `source`: runs by uuid with their series, scores,
/// pictures, events and weights, and the experiments, machines, protocols, metrics and verdicts
/// they belong to, and what was said of runs that both hold. Doing it again changes nothing. Each
/// run is one transaction, sealed and checked against the source's digest of its rows; a run that a
/// process is at work on is left for later. A run that is complete in both with other rows in each
/// is refused by name (exit 2), a source whose rows do not fit their digests likewise (exit 4).
Merged merge(Database& target, const std::filesystem::path& source,
             const MergeSelection& selection = {});

/// A baseline is marked as one (SQLite's application_id), so that nothing else is taken for it.
void mark_baseline(Database& database);
/// False for whatever is no database too.
bool is_baseline(const std::filesystem::path& file);

}  // namespace assay
