// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "reports/gate/gate.h"

namespace assay {

/// What is said of one phase's speed: Student's t of the paired rounds, with a guard of a tenth of
/// the base build's mean where the rule has none, since a machine that others share is no steadier.
/// A round in which either build was faster than ever counts like any other: nothing is left out.
GateRow timing_row(const TimedPhase& timed, const std::string& experiment, const GateRule& rule,
                   double alpha);

/// "images/s: sample", by which a [gate."images/s: sample"] table names it.
std::string timing_metric(const std::string& phase);

}  // namespace assay
