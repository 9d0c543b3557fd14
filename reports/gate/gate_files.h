// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "reports/gate/gate.h"

namespace assay {

/// {"outcome", "exit_code", "summary", "rows": [{"experiment", "metric", "importance", "verdict",
/// "effect", …}], "bits": [...], "absent": [...], "notes": [...]}.
nlohmann::ordered_json gate_json(const GateResult& result);

/// JUnit's XML: a suite for each experiment, a case for each metric; what is worse failed, what is
/// inconclusive or advisory and not the same was skipped, what was not measured is an error.
std::string gate_junit(const GateResult& result);

}  // namespace assay
