// SPDX-License-Identifier: Apache-2.0
#include "reports/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <boost/math/special_functions/binomial.hpp>
#include <cmath>

#include "reports/contrast.h"
#include "reports/listed.h"
#include "reports/statistics/holm.h"
#include "reports/statistics/mann_whitney.h"
#include "reports/statistics/sign_test.h"
#include "reports/statistics/signed_rank.h"
#include "reports/statistics/welch.h"

namespace assay {
namespace {

std::optional<TestResult> test_of(ClaimTest test, const Contrast& c, Alternative alternative) {
  switch (test) {
    case ClaimTest::kSign:
      return sign_test(differences(c, c.null), alternative);
    case ClaimTest::kWilcoxon:
      return signed_rank_test(differences(c, c.null), alternative);
    case ClaimTest::kMannWhitney:
      return mann_whitney_test(shifted_left(c), c.right, alternative);
    case ClaimTest::kWelch:
      return welch_test(c.left, c.right, alternative, c.null);
  }
  return std::nullopt;
}

Estimate effect_of(ClaimTest test, const Contrast& c, double alpha) {
  switch (test) {
    case ClaimTest::kSign:
      return median_estimate(differences(c, 0.0), alpha);
    case ClaimTest::kWilcoxon:
      return hodges_lehmann_estimate(differences(c, 0.0), alpha);
    case ClaimTest::kMannWhitney:
      return shift_estimate(c.left, c.right, alpha);
    case ClaimTest::kWelch:
      break;
  }
  return mean_difference_estimate(c.left, c.right, alpha);
}

std::string reasons_text(const std::vector<std::string>& reasons) {
  return listed(reasons, "; ", "; and ");
}

bool same_seeds(const ClaimEvidence& evidence) {
  return std::ranges::equal(evidence.left.values, evidence.right.values, {}, &ClaimValue::seed,
                            &ClaimValue::seed);
}

// 2 · left < right says that left is less than half of right, for values above 0 only.
std::string value_without_factor(const ClaimEvidence& evidence) {
  if (evidence.claim.factor == 1.0) return "";
  for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
    for (const ClaimValue& value : side->values) {
      if (value.value > 0.0 || !value.lost.empty()) continue;
      return fmt::format("a factor needs values above 0; seed {} of {} has {:.6g}; use margin",
                         value.seed, side->experiment, value.value);
    }
  }
  return "";
}

// Of both sides: "seed 3 of vae/x diverged: loss is nan".
std::vector<std::string> lost_seeds(const ClaimEvidence& evidence) {
  std::vector<std::string> lost;
  for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
    for (const ClaimValue& value : side->values) {
      if (value.lost.empty()) continue;
      lost.push_back(fmt::format("seed {} of {} {}", value.seed, side->experiment, value.lost));
    }
  }
  return lost;
}

// Why the claim cannot be tested, or nothing.
std::string obstacle(const ClaimEvidence& evidence) {
  if (!evidence.missing.empty()) return reasons_text(evidence.missing);
  if (evidence.left.definition_id == evidence.right.definition_id) {
    return "left and right are one and the same definition";
  }
  for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
    if (side->values.size() >= kFewestClaimSeeds) continue;
    return fmt::format("{} has {} of the {} seeds that a claim needs", side->experiment,
                       side->values.size(), kFewestClaimSeeds);
  }
  if (const auto lost = lost_seeds(evidence);
      evidence.claim.test == ClaimTest::kWelch && !lost.empty()) {
    return reasons_text(lost) + "; a test of means has no place for it, one of ranks has";
  }
  if (is_paired(evidence.claim.test) && !same_seeds(evidence)) {
    return "a paired test needs the same seeds on both sides";
  }
  return value_without_factor(evidence);
}

ClaimVerdict tested(const ClaimEvidence& evidence) {
  ClaimVerdict verdict{evidence};
  if (!evidence.differing.empty()) {
    verdict.outcome = ClaimOutcome::kNotComparable;
    verdict.reason = "the protocols differ in " + reasons_text(evidence.differing);
    return verdict;
  }
  verdict.reason = obstacle(evidence);
  if (!verdict.reason.empty()) return verdict;
  const Claim& claim = evidence.claim;
  const Contrast contrast = contrast_of(evidence);
  verdict.outcome = ClaimOutcome::kInconclusive;
  // Beside seeds that rank worst there is no location to state.
  const auto lost = lost_seeds(evidence);
  if (lost.empty()) verdict.effect = effect_of(claim.test, contrast, claim.alpha);
  verdict.claimed = test_of(claim.test, contrast, contrast.claimed);
  verdict.opposite = test_of(claim.test, contrast, contrast.opposite);
  if (!verdict.claimed) verdict.reason = "no seed differs from another, so t does not exist";
  return verdict;
}

using TestOf = std::optional<TestResult> ClaimVerdict::*;

// A claim that could not be tested has p = 1.
std::vector<double> raw_p(const std::vector<ClaimVerdict>& verdicts, TestOf test) {
  std::vector<double> p;
  for (const auto& verdict : verdicts) p.push_back((verdict.*test) ? (verdict.*test)->p : 1.0);
  return p;
}

void adjust(std::vector<ClaimVerdict>& verdicts) {
  const auto adjusted = holm_adjusted(raw_p(verdicts, &ClaimVerdict::claimed));
  const auto adjusted_opposite = holm_adjusted(raw_p(verdicts, &ClaimVerdict::opposite));
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    verdicts[i].adjusted = adjusted[i];
    verdicts[i].adjusted_opposite = adjusted_opposite[i];
    verdicts[i].claims = std::ssize(verdicts);
  }
}

// Seeds a side with which complete separation would be significant beside the other claims as they
// are.
std::size_t seeds_that_would_do(const ClaimVerdict& verdict, std::vector<double> p,
                                std::size_t place) {
  const Claim& claim = verdict.evidence.claim;
  std::size_t n = kFewestClaimSeeds;
  for (;; ++n) {
    p[place] = smallest_p(claim.test, n, n);
    if (holm_adjusted(p)[place] <= claim.alpha) return n;
  }
}

// Why a claim is inconclusive though no value speaks against it, or against its opposite.
std::string what_is_short(const std::vector<ClaimVerdict>& verdicts, std::size_t place) {
  const ClaimVerdict& verdict = verdicts[place];
  const ClaimTest test = verdict.evidence.claim.test;
  if (test == ClaimTest::kWelch) return "";
  const std::size_t n = verdict.evidence.left.values.size();
  const std::size_t m = verdict.evidence.right.values.size();
  constexpr double kRounding = 1.0 + 1e-9;
  for (const TestOf side : {&ClaimVerdict::claimed, &ClaimVerdict::opposite}) {
    if ((verdict.*side)->p > smallest_p(test, n, m) * kRounding) continue;
    const std::size_t enough = seeds_that_would_do(verdict, raw_p(verdicts, side), place);
    if (!is_paired(test)) {
      return fmt::format(
          "left and right do not overlap: no smaller p can be had from {} and {} seeds; {} a side "
          "would do",
          n, m, enough);
    }
    return fmt::format("{} of {} pairs agree: no smaller p can be had from {} pairs; {} would do",
                       side == &ClaimVerdict::claimed ? n : 0, n, n, enough);
  }
  return "";
}

}  // namespace

std::string_view outcome_name(ClaimOutcome outcome) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 5> kNames = {"holds", "fails", "inconclusive",
                                                      "not_comparable", "not_run"};
  return kNames[static_cast<std::size_t>(outcome)];
}

std::vector<ClaimVerdict> judge(std::span<const ClaimEvidence> claims) {
  std::vector<ClaimVerdict> verdicts;
  for (const ClaimEvidence& evidence : claims) verdicts.push_back(tested(evidence));
  adjust(verdicts);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    ClaimVerdict& verdict = verdicts[i];
    if (!verdict.claimed) continue;
    const double alpha = verdict.evidence.claim.alpha;
    if (verdict.adjusted <= alpha) {
      verdict.outcome = ClaimOutcome::kHolds;
    } else if (verdict.adjusted_opposite <= alpha) {
      verdict.outcome = ClaimOutcome::kFails;
    } else {
      verdict.reason = what_is_short(verdicts, i);
    }
    if (const auto lost = lost_seeds(verdict.evidence); !lost.empty()) {
      verdict.reason +=
          fmt::format("{}{}: ranked worst", verdict.reason.empty() ? "" : "; ", reasons_text(lost));
    }
  }
  return verdicts;
}

double smallest_p(ClaimTest test, std::size_t n, std::size_t m) {
  if (test == ClaimTest::kWelch) return 0.0;
  if (is_paired(test)) return std::ldexp(1.0, -static_cast<int>(n));
  return 1.0 / boost::math::binomial_coefficient<double>(static_cast<unsigned>(n + m),
                                                         static_cast<unsigned>(n));
}

}  // namespace assay
