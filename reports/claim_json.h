// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json_fwd.hpp>

#include "reports/claim_rows.h"

namespace assay {

/// A claim's verdict as `assay report --format json` has it.
nlohmann::ordered_json claim_json(const StoredVerdict& stored);

}  // namespace assay
