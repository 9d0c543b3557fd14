// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/compare_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "reports/comparison/entry_score.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"

namespace assay {
namespace {

std::string_view test_text(std::string_view test) {
  if (test == "welch") return "Welch's t";
  if (test == "paired_t") return "t of pairs";
  if (test == "mann_whitney") return "Mann–Whitney";
  if (test == "signed_rank") return "signed ranks";
  return "prediction band";
}

std::string lost_text(const Decision& decision) {
  if (decision.lost_left + decision.lost_right == 0) return "";
  return fmt::format("; without a finite score: {} of {} and {} of {}, ranked worst",
                     decision.lost_left, decision.n_left, decision.lost_right, decision.n_right);
}

std::string difference_text(const Decision& decision) {
  if (!decision.effect) return "no finite difference";
  const std::string interval = decision.low
                                   ? fmt::format(" [{}, {}]", signed_number_text(*decision.low),
                                                 signed_number_text(*decision.high))
                                   : std::string();
  return signed_number_text(*decision.effect) + interval;
}

// "6 seeds", "6 and 5 seeds".
std::string seeds_text(const Decision& decision) {
  if (decision.n_left == decision.n_right) return fmt::format("n = {} each", decision.n);
  return fmt::format("n = {} and {}", decision.n_left, decision.n_right);
}

std::string evidence_text(const Decision& decision) {
  if (decision.test == "counted") return "counted";
  if (!decision.p) return decision.reason;
  const std::string adjusted = decision.adjusted && *decision.adjusted != *decision.p
                                   ? fmt::format(", {} over the table", p_text(*decision.adjusted))
                                   : std::string();
  return fmt::format("p = {}{}, {}, {}{}", p_text(*decision.p), adjusted, test_text(decision.test),
                     seeds_text(decision), lost_text(decision));
}

std::string plan_text(const Decision& decision) {
  std::string text;
  if (decision.detectable) {
    text += fmt::format("; so many seeds find a difference of {} in 8 of 10 tries",
                        short_number_text(*decision.detectable, 2));
  }
  if (decision.more_seeds) {
    text += fmt::format("; about {} more {} would find the difference that was seen",
                        *decision.more_seeds, decision.test == "paired_t" ? "pairs" : "a side");
  }
  return text;
}

// Why nothing better can be said.
std::string doubt_text(const Terms& terms, const Decision& decision) {
  const bool differs = decision.adjusted && *decision.adjusted <= terms.alpha;
  if (decision.test == "prediction" && differs)
    return "one seed decides nothing, but lies outside the prediction band of the others: ";
  if (decision.test == "prediction") return "one seed, within the prediction band of the others: ";
  if (differs) return "they differ, and nobody says which way this metric is better: ";
  return decision.p ? "no difference can be shown: " : "undecided: ";
}

}  // namespace

std::string p_text(double p) {
  return p < 1e-4 ? fmt::format("{:.0e}", p) : short_number_text(p, 2);
}

std::string verdict_sentence(const std::string& left, const std::string& right, const Terms& terms,
                             const Decision& decision) {
  switch (decision.verdict) {
    case Verdict::kBetter:
    case Verdict::kWorse:
      return fmt::format("{} is {} than {}: {} ({})", right, verdict_name(decision.verdict), left,
                         difference_text(decision), evidence_text(decision));
    case Verdict::kSame:
      if (decision.test == "identical")
        return fmt::format("{} and {} are equal to the last bit (n = {})", left, right, decision.n);
      if (decision.test == "counted" && *decision.effect == 0.0)
        return fmt::format("{} and {} are the same (counted)", left, right);
      if (!decision.equivalence || *decision.equivalence > terms.alpha) {
        return fmt::format("{} and {}: the difference seen is within {}: {} ({})", left, right,
                           short_number_text(terms.guard, 2), difference_text(decision),
                           evidence_text(decision));
      }
      return fmt::format("{} and {} are the same within {}: {} ({}, two one-sided tests)", left,
                         right, short_number_text(terms.margin, 2), difference_text(decision),
                         "p = " + p_text(*decision.equivalence));
    case Verdict::kInconclusive:
      return fmt::format("{}{} against {}, {} ({}){}", doubt_text(terms, decision), right, left,
                         difference_text(decision), evidence_text(decision), plan_text(decision));
    case Verdict::kNotComparable:
      break;
  }
  return fmt::format("{} and {} are not comparable", left, right);
}

std::string sentence_of(const Comparison& comparison, const ComparedMetric& pair) {
  const std::string& left = comparison.entries[pair.left].label;
  const std::string& right = comparison.entries[pair.right].label;
  if (pair.decision.verdict != Verdict::kNotComparable)
    return verdict_sentence(left, right, pair.terms, pair.decision);
  return fmt::format("{} and {} stand under different protocols ({})", left, right,
                     fmt::join(pair.differing, "; "));
}

std::vector<std::size_t> shown_columns(const Comparison& comparison) {
  std::vector<std::size_t> shown;
  for (std::size_t c = 0; c < comparison.columns.size(); ++c) {
    const bool any = std::ranges::any_of(comparison.entries, [c](const Entry& entry) {
      return std::ranges::find(entry.metrics, c, &MetricSummary::column) != entry.metrics.end();
    });
    if (any) shown.push_back(c);
  }
  return shown;
}

std::vector<CompareRow> compare_rows(const Comparison& comparison) {
  std::vector<CompareRow> rows;
  for (std::size_t e = 0; e < comparison.entries.size(); ++e) {
    const Entry& entry = comparison.entries[e];
    CompareRow row{entry.label, {}};
    for (const std::size_t c : shown_columns(comparison)) {
      const auto found = std::ranges::find(entry.metrics, c, &MetricSummary::column);
      row.cells.push_back(found == entry.metrics.end()
                              ? ""
                              : entry_score_text(*found, entry_score(comparison, e, *found)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace assay
