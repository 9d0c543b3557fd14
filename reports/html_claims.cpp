// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <string_view>

#include "reports/claim_text.h"
#include "reports/escape.h"
#include "reports/html_sections.h"
#include "reports/number_text.h"

namespace assay {
namespace {

constexpr std::string_view kHint =
    "<p class=\"hint\">Statements that the suite made before it ran. Each is tested against its "
    "opposite in the claimed direction; p is adjusted (Holm) so that over all claims of the suite "
    "the probability that any wrongly holds is α at most, and that any wrongly fails the same; α "
    "is 0.05 where the row names no other. The interval is the one that the test itself gives, "
    "exact where no values are equal, of confidence 1 − 2α at least and not adjusted. <i>Fails</i> "
    "means that the opposite is significant, <i>inconclusive</i> that neither is.</p>";

std::string number_cell(const std::string& shown, double value, bool known) {
  return fmt::format("<td class=\"num\" data-value=\"{}\">{}",
                     known ? exact_number_text(value) : "", html_text(shown));
}

std::string claim_cell(const ClaimEvidence& evidence) {
  const Claim& claim = evidence.claim;
  std::string text =
      fmt::format("<td class=\"claim\"><b>{}</b><small>left: {}</small><small>right: {}</small>",
                  html_text(claim.text), html_name(claim.left), html_name(claim.right));
  if (!claim.source.empty()) text += "<small>" + html_text(claim.source) + "</small>";
  return text + "</td>";
}

std::string outcome_cell(const ClaimVerdict& verdict) {
  const std::string caveat = caveat_text(verdict);
  return fmt::format("<td><span class=\"chip {}\">{}</span>{}</td>",
                     html_attribute(outcome_name(verdict.outcome)),
                     html_text(outcome_text(verdict.outcome)),
                     caveat.empty() ? "" : "<small>" + html_text(caveat) + "</small>");
}

std::string claim_row(const ClaimVerdict& verdict) {
  const Claim& claim = verdict.evidence.claim;
  const bool tested = verdict.claimed.has_value();
  return "<tr>" + claim_cell(verdict.evidence) + outcome_cell(verdict) +
         number_cell(effect_text(verdict), verdict.effect ? verdict.effect->value : 0.0,
                     verdict.effect.has_value()) +
         fmt::format("<small>{}</small><small>claimed: {}</small></td>",
                     html_text(contrast_text(claim)), html_text(claimed_range_text(claim))) +
         number_cell(adjusted_p_text(verdict), verdict.adjusted, tested) +
         fmt::format("<small>unadjusted {}</small></td>", html_text(raw_p_text(verdict))) +
         fmt::format("<td class=\"num\">{}<small>{}</small></td></tr>",
                     html_text(seeds_text(verdict)), html_text(test_text(claim.test)));
}

std::string suite_table(const std::string& rows) {
  return "<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr><th "
         "scope=\"col\">claim</th><th scope=\"col\">outcome</th><th class=\"num\" "
         "scope=\"col\">effect [interval]</th><th class=\"num\" scope=\"col\">p</th><th "
         "class=\"num\" scope=\"col\">seeds</th></tr></thead><tbody>" +
         rows + "</tbody></table></div>";
}

}  // namespace

std::string claims_section(const Report& report) {
  if (report.claims.empty()) return "";
  std::string body(kHint);
  for (std::size_t i = 0; i < report.claims.size();) {
    const StoredVerdict& first = report.claims[i];
    std::string rows;
    for (; i < report.claims.size() && report.claims[i].suite == first.suite; ++i) {
      rows += claim_row(report.claims[i].verdict);
    }
    body += fmt::format("<h3>{} <small>judged {}</small></h3>", html_text(first.suite),
                        html_text(first.at)) +
            suite_table(rows);
  }
  return html_section("claims", "Claims", body);
}

}  // namespace assay
