// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/charts.h"
#include "reports/report.h"

namespace assay {

/// The sections of the page, each a piece of HTML; empty if it has nothing to say.
std::string claims_section(const Report& report);
std::string comparison_section(const Report& report);
std::string published_section(const Report& report);
std::string choice_section(const Report& report);
std::string speed_section(const Report& report);
std::string failures_section(const Report& report);
std::string unfinished_section(const Report& report);
std::string samples_section(const Report& report);
std::string sweeps_section(const Report& report);
std::string ablations_section(const Report& report);
std::string tradeoffs_section(const Report& report);
std::string differences_section(const Report& report);
std::string latents_section(const Report& report);
std::string noise_section(const Report& report);
std::string provenance_section(const Report& report);

/// All charts of the report in reading order. They point into the report.
struct ReportCharts {
  std::vector<Chart> scores;  ///< one per metric column, a series per experiment
  std::vector<Chart> losses;  ///< loss_charts_of()
};
ReportCharts charts_of(const Report& report);
std::string curves_section(const ReportCharts& charts);

/// <section> with a heading that can be linked to.
std::string html_section(const std::string& id, const std::string& heading,
                         const std::string& body);

}  // namespace assay
