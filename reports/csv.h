// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.h"

namespace assay {

/// Tidy RFC 4180: one row per number, at full precision: each seed's first and last metric values,
/// their summaries, speeds. Header:
/// experiment,experiment_id,quantity,protocol_id,statistic,seed,run,images_seen,value
std::string report_csv(const Report& report);

}  // namespace assay
