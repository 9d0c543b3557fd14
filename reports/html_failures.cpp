// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include "reports/escape.h"
#include "reports/failures.h"
#include "reports/html_sections.h"
#include "reports/number_text.h"

namespace assay {
namespace {

std::string failed_seeds_cell(const FailureSummary& failure) {
  std::string lines;
  for (const auto& seed : failure.seeds) {
    lines += fmt::format("<li>seed {} {}: {}</li>", seed.seed, html_text(failure_span_text(seed)),
                         html_text(seed.text));
  }
  return "<td><ul class=\"lines\">" + lines + "</ul></td>";
}

std::string failure_row(const ExperimentSummary& experiment, const FailureSummary& failure) {
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td>{}</td><td class=\"num\" data-value=\"{}\">{} of {}</td>"
      "<td class=\"num\" data-value=\"{}\">{}</td>{}</tr>",
      html_name(experiment.label), html_text(failure_words(failure.name)), failure.seeds.size(),
      failure.seeds.size(), failure.ended, exact_number_text(failure.rate.value),
      html_text(failure_rate_text(failure)), failed_seeds_cell(failure));
}

std::string unfinished_row(const RunRow& run) {
  return fmt::format(
      "<tr><th scope=\"row\">{}</th><td class=\"num\">{}</td><td><span class=\"chip "
      "{}\">{}</span></td>"
      "<td class=\"num\">{} of {}</td><td>{}</td></tr>",
      html_name(run.experiment), run.seed, html_attribute(run.status), html_text(run.status),
      images_text(static_cast<double>(run.images_seen)),
      images_text(static_cast<double>(run.images_total)), html_text(run.reason));
}

}  // namespace

std::string failures_section(const Report& report) {
  std::string rows;
  for (const auto& experiment : report.experiments) {
    for (const auto& failure : experiment.failures) rows += failure_row(experiment, failure);
  }
  if (rows.empty()) return "";
  return html_section(
      "failures", "Failures of training",
      "<p class=\"hint\">Each seed counts once, by its newest complete run, else by the newest "
      "that "
      "diverged or failed. What diverged has ended and is in no mean; after the other failures a "
      "run goes on, and its scores are in the means. The interval of a rate is Wilson's, "
      "95 %.</p><div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
      "<th>experiment</th><th>failure</th><th class=\"num\">seeds</th><th class=\"num\">rate</th>"
      "<th>what was seen</th></tr></thead><tbody>" +
          rows + "</tbody></table></div>");
}

std::string unfinished_section(const Report& report) {
  std::string rows;
  for (const auto& run : report.unfinished) rows += unfinished_row(run);
  if (rows.empty()) return "";
  return html_section(
      "unfinished", "Runs that did not complete",
      "<p class=\"hint\">They count as results and are left out of every mean.</p>"
      "<div class=\"scroll\" tabindex=\"0\"><table><thead><tr><th>experiment</th><th "
      "class=\"num\">seed</th>"
      "<th>status</th><th class=\"num\">images seen</th><th>reason</th></tr></thead><tbody>" +
          rows + "</tbody></table></div>");
}

}  // namespace assay
