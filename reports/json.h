// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.h"

namespace assay {

/// All of the report but the pictures, numbers at full precision; a number that is not finite is a
/// text.
std::string report_json(const Report& report);

}  // namespace assay
