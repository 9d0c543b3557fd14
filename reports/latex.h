// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.h"

namespace assay {

/// Tables for a paper (booktabs): a table of experiments for each set of scores that belong
/// together, mean ± sd over seeds with n, the best mean bold; claims, and values of papers with
/// their verdicts. Comments say how each score was measured. It is input into a document, or
/// compiled as it is: a line that can be left out makes it one.
std::string report_latex(const Report& report);

}  // namespace assay
