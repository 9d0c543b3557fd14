// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "reports/report.h"

namespace assay {

/// The sweeps among a report's experiments: three or more whose definitions are equal in all but
/// one numeric key (and what is not part of their identity: name, note, seeds, tier). Keys in
/// alphabetical order. A definition that cannot be read takes part in none.
std::vector<Sweep> find_sweeps(const std::vector<ExperimentSummary>& experiments);

}  // namespace assay
