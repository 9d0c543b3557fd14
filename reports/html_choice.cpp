// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/evaluation_choice.h"
#include "reports/html_sections.h"
#include "reports/number_text.h"

namespace assay {
namespace {

std::string summary_cell(const SeedSummary& summary) {
  return fmt::format(
      "<td class=\"num\" data-value=\"{}\"><span class=\"mean\">{}</span> <span "
      "class=\"sd\">{}</span></td>",
      summary.mean ? exact_number_text(*summary.mean) : "", html_text(mean_text(summary)),
      html_text(spread_text(summary)));
}

}  // namespace

std::string choice_section(const Report& report) {
  std::string rows;
  for (const auto& [experiment, metric, best] : chosen_rows(report)) {
    rows +=
        fmt::format("<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\">{}</td>{}{}{}</tr>",
                    html_name(experiment->label), html_text(report.columns[metric->column].label),
                    metric->choice.evaluations, summary_cell(metric->last),
                    summary_cell(metric->choice.last_ten), summary_cell(*best));
  }
  if (rows.empty()) return "";
  return html_section(
      "choice", "Last, averaged, best",
      fmt::format("<p class=\"hint\">{}</p><div class=\"scroll\" tabindex=\"0\"><table "
                  "class=\"sortable\"><thead><tr><th>experiment</th><th>metric</th><th "
                  "class=\"num\">evaluations</th><th class=\"num\">last</th><th class=\"num\">mean "
                  "of the last ten</th><th class=\"num\">best of each seed</th></tr></thead>"
                  "<tbody>{}</tbody></table></div>",
                  html_text(kChoiceHint), rows));
}

}  // namespace assay
