// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/report.h"

namespace assay {

/// What a reader must know before quoting a number of this report.
std::vector<std::string> warnings_of(const Report& report);

/// Two or three sentences: what was run, on what machine, what came out.
std::string summary_of(const Report& report);

}  // namespace assay
