// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// Published values beside the experiments of the report that repeat them, in the report's order,
/// with their verdicts; values from memory are left out.
std::vector<PublishedBeside> match_published(const Report& report,
                                             const PublishedValues& published);

/// "29.3 ± 1.0": value and spread with the same decimals.
std::string published_text(const PublishedValue& value);
/// What the spread is and how many runs there were: "± is the standard error, 10 runs".
std::string published_spread_text(const PublishedValue& value);
/// Mean ± sd and n of the same metric here, or that it was not computed.
std::string here_text(const Report& report, const PublishedBeside& beside);

}  // namespace assay
