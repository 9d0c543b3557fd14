// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.h"

namespace assay {

/// One self-contained page: opens without a network, reads without JavaScript, allows nothing but
/// its own style and script (CSP by hash).
std::string report_html(const Report& report);

}  // namespace assay
