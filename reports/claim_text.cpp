// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "core/metric_kind.h"
#include "reports/contrast.h"
#include "reports/number_text.h"

namespace assay {
namespace {

constexpr const char* kNone = "—";

// Two digits, or more where two would tell nothing of which side of alpha p lies on.
std::string telling_p_text(double p, double alpha) {
  constexpr int kMost = 17;
  int digits = 2;
  for (; digits < kMost; ++digits) {
    const double shown = std::stod(fmt::format("{:.{}e}", p, digits - 1));
    if ((shown < alpha) == (p < alpha) && (shown > alpha) == (p > alpha)) break;
  }
  return short_number_text(p, digits);
}

std::size_t equal_pairs(const ClaimEvidence& evidence) {
  const Contrast contrast = contrast_of(evidence);
  return static_cast<std::size_t>(std::ranges::count(differences(contrast, contrast.null), 0.0));
}

std::vector<const ClaimValue*> all_values(const ClaimEvidence& evidence) {
  std::vector<const ClaimValue*> all;
  for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
    for (const ClaimValue& value : side->values) all.push_back(&value);
  }
  return all;
}

// "runs of 2 commits", "runs that differ in device: cpu / cuda", …; nothing of what all share.
void add_mixtures(const ClaimEvidence& evidence, std::vector<std::string>& parts) {
  std::set<std::string> commits;
  std::map<std::string, std::set<std::string>> settings;
  for (const ClaimValue* value : all_values(evidence)) {
    commits.insert(value->commit);
    for (const auto& [name, setting] : value->settings) settings[name].insert(setting);
  }
  if (commits.size() > 1) parts.push_back(fmt::format("runs of {} commits", commits.size()));
  for (const auto& [name, values] : settings) {
    if (values.size() < 2) continue;
    parts.push_back(fmt::format("runs that differ in {}: {}", name, fmt::join(values, " / ")));
  }
}

}  // namespace

std::string outcome_text(ClaimOutcome outcome) {
  std::string text(outcome_name(outcome));
  std::ranges::replace(text, '_', ' ');
  return text;
}

std::string contrast_text(const Claim& claim) {
  const std::string times =
      claim.factor == 1.0 ? "" : fmt::format("{} × ", short_number_text(claim.factor));
  const bool lower = claim.direction == Better::kLower;
  return fmt::format("{}left − {}right of {}", lower ? times : "", lower ? "" : times,
                     claim.metric);
}

std::string claimed_range_text(const Claim& claim) {
  const bool lower = claim.direction == Better::kLower;
  return fmt::format("{} {}", lower ? "below" : "above",
                     short_number_text(lower ? -claim.margin : claim.margin));
}

std::string effect_text(const ClaimVerdict& verdict) {
  if (!verdict.effect) return kNone;
  if (!verdict.effect->interval) return short_number_text(verdict.effect->value);
  const Interval& interval = *verdict.effect->interval;
  SeedSummary summary;
  summary.mean = verdict.effect->value;
  summary.sd = (interval.high - interval.low) / 4.0;
  summary.low = interval.low;
  summary.high = interval.high;
  return mean_text(summary) + " " + interval_text(summary);
}

std::string adjusted_p_text(const ClaimVerdict& verdict) {
  if (!verdict.claimed) return kNone;
  const double alpha = verdict.evidence.claim.alpha;
  const std::string text = telling_p_text(verdict.adjusted, alpha);
  return alpha == Claim{}.alpha ? text
                                : fmt::format("{} at alpha {}", text, short_number_text(alpha));
}

std::string raw_p_text(const ClaimVerdict& verdict) {
  return verdict.claimed ? telling_p_text(verdict.claimed->p, verdict.evidence.claim.alpha) : kNone;
}

std::string seeds_text(const ClaimVerdict& verdict) {
  const ClaimEvidence& evidence = verdict.evidence;
  const auto n = evidence.left.values.size();
  const auto m = evidence.right.values.size();
  const bool pairs = is_paired(evidence.claim.test) && verdict.claimed && n == m;
  if (!pairs) return fmt::format("{} and {}", n, m);
  const std::size_t equal = equal_pairs(evidence);
  return fmt::format("{} pairs{}", n, equal > 0 ? fmt::format(", {} equal", equal) : "");
}

std::string test_text(ClaimTest test) {
  switch (test) {
    case ClaimTest::kSign:
      return "sign test";
    case ClaimTest::kWilcoxon:
      return "Wilcoxon signed-rank test";
    case ClaimTest::kMannWhitney:
      return "Mann–Whitney test";
    case ClaimTest::kWelch:
      break;
  }
  return "Welch’s t-test";
}

std::string caveat_text(const ClaimVerdict& verdict) {
  std::vector<std::string> parts;
  if (!verdict.reason.empty()) parts.push_back(verdict.reason);
  if (verdict.outcome == ClaimOutcome::kFails) {
    parts.push_back("the opposite has p = " +
                    telling_p_text(verdict.adjusted_opposite, verdict.evidence.claim.alpha));
  }
  add_mixtures(verdict.evidence, parts);
  if (verdict.evidence.smoke) parts.emplace_back("on runs cut short, as by --smoke");
  return fmt::format("{}", fmt::join(parts, "; "));
}

std::string claims_sentence(std::span<const ClaimVerdict* const> verdicts) {
  if (verdicts.empty()) return "";
  const auto count = [&](ClaimOutcome outcome) {
    return std::ranges::count_if(
        verdicts, [&](const ClaimVerdict* verdict) { return verdict->outcome == outcome; });
  };
  const auto holding = count(ClaimOutcome::kHolds);
  std::string text = fmt::format("{} of {} claim{} hold{}", holding, verdicts.size(),
                                 verdicts.size() == 1 ? "" : "s", holding == 1 ? "s" : "");
  if (const auto failing = count(ClaimOutcome::kFails); failing > 0) {
    text += fmt::format(", {} fail{}", failing, failing == 1 ? "s" : "");
  }
  for (const auto outcome :
       {ClaimOutcome::kInconclusive, ClaimOutcome::kNotComparable, ClaimOutcome::kNotRun}) {
    if (count(outcome) > 0) text += fmt::format(", {} {}", count(outcome), outcome_text(outcome));
  }
  return text;
}

}  // namespace assay
