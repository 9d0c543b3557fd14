// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "reports/report.h"

namespace assay {

/// GitHub Markdown: the tables and commands of the page, without pictures and curves.
std::string report_markdown(const Report& report);

}  // namespace assay
