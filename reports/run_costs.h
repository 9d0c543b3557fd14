// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/gather.h"

namespace assay {

/// What a sample costs, for whoever weighs it against the scores: network_evaluations.
void read_network_evaluations(const RunGroup& group, ExperimentSummary& summary);

/// speeds, wall_seconds and training_seconds, those of a first stage counted in.
void read_speeds(const RunGroup& group, ExperimentSummary& summary);

}  // namespace assay
