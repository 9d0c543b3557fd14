// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"
#include "results/rows.h"

namespace assay {

/// A run and its history.
struct RecordedRun {
  RunRow run;
  std::vector<EventRow> events;  ///< in order of training
};

/// The status of a run that training itself ended, and the name of that failure.
inline constexpr std::string_view kDiverged = "diverged";

/// What befell the trainings of one definition, by seeds. For a seed stands its newest complete
/// run, else the newest that diverged or failed; what is interrupted or running has not ended.
/// First kFailureNotes in their order, then kDiverged; a failure that befell no seed is left out. A
/// note at 0 images is none: before training nothing has been lost (older programs noted it).
std::vector<FailureSummary> failures_of(std::span<const RecordedRun> runs);

/// "mode collapse", of a kind of event or a status.
std::string failure_words(std::string_view name);
/// "mode collapse in 2 of 5".
std::string failure_text(const FailureSummary& failure);
/// "0.40 [0.12, 0.77]": the rate and its interval.
std::string failure_rate_text(const FailureSummary& failure);
/// "at 16k images", "at 16k to 64k images": from the first time it was noted to the last.
std::string failure_span_text(const FailedSeed& seed);

}  // namespace assay
