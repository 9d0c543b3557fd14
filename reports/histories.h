// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/gather.h"
#include "reports/report.h"

namespace assay {

/// What the events of a group's runs say: the seconds that they took, whose their peak memory is,
/// the command that repeats them, and what befell them. `summary` has its runs.
void read_histories(const RunGroup& group, ExperimentSummary& summary);

}  // namespace assay
