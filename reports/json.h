// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

#include "reports/report.h"

namespace assay {

/// What the documents of `assay report` and of `assay show` say of a run and of a machine.
nlohmann::ordered_json run_json(const RunRow& run);
nlohmann::ordered_json machine_json(const MachineRow& machine);

/// All of the report but the pictures, numbers at full precision; a number that is not finite is a
/// text.
std::string report_json(const Report& report);

}  // namespace assay
