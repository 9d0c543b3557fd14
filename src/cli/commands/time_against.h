// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include "reports/gate/gate.h"

namespace assay {

/// Repeats the first run of each of a baseline's definitions by another build and by this one, in
/// turn, `rounds` times, one process at a time and each on a database of its own: the speed of each
/// phase in each round. Which build begins changes from round to round, so that neither a machine
/// that slows down nor what the first leaves in caches looks like a difference of builds. Throws
/// Error if a build cannot do such a run.
std::vector<TimedPhase> time_against(const std::filesystem::path& base,
                                     const std::filesystem::path& baseline, std::int64_t rounds);

}  // namespace assay
