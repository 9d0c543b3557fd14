// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string_view>

#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/number_text.h"
#include "reports/papers/match.h"

namespace assay {
namespace {

constexpr std::string_view kHint =
    "<p class=\"hint\">What papers report for what these experiments repeat, each with its source "
    "and how it was measured there. A verdict is given only where the protocols agree: a score of "
    "the same name on other data or features is another score. Reproduced means that two one-sided "
    "tests (level 5 %) put the means closer than a tolerance that was written down before the "
    "runs. "
    "Numbers that were never re-read at a source are left out.</p>";

std::string row(const Report& report, const PublishedBeside& beside) {
  const PublishedValue& value = beside.value;
  const std::string spread = published_spread_text(value);
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td>{}<small>{}</small></td><td>{}</td>"
      "<td class=\"num\" data-value=\"{}\">{}<small>{}</small></td><td class=\"num\">{}</td>"
      "<td class=\"claim\">{}</td><td "
      "class=\"claim\">{}<small>{}</small><small>{}</small></td></tr>",
      html_name(report.experiments[beside.experiment].label), html_text(value.model),
      html_text(value.data), html_text(value.metric), exact_number_text(value.value),
      html_text(published_text(value)), html_text(spread), html_text(here_text(report, beside)),
      html_text(beside.verdict), html_text(value.source), html_text(value.protocol),
      html_text(certainty_text(value.certainty)));
}

}  // namespace

std::string published_section(const Report& report) {
  if (report.published.empty()) return "";
  std::string rows;
  for (const auto& beside : report.published) rows += row(report, beside);
  return html_section(
      "published", "Beside the literature",
      std::string(kHint) +
          "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr><th "
          "scope=\"col\">experiment</th><th scope=\"col\">model there</th><th "
          "scope=\"col\">metric</th><th class=\"num\" scope=\"col\">published</th><th "
          "class=\"num\" scope=\"col\">here</th><th scope=\"col\">verdict</th><th "
          "scope=\"col\">source</th></tr></thead><tbody>" +
          rows + "</tbody></table></div>");
}

}  // namespace assay
