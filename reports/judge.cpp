// SPDX-License-Identifier: Apache-2.0
#include "reports/judge.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <array>
#include <boost/math/special_functions/binomial.hpp>
#include <cmath>

#include "reports/holm.h"
#include "reports/mann_whitney.h"
#include "reports/sign_test.h"
#include "reports/signed_rank.h"
#include "reports/welch.h"

namespace assay {
namespace {

/// The claim as: left lies `null` below (or above) right.
struct Contrast {
  std::vector<double> left;
  std::vector<double> right;
  double null = 0.0;
  Alternative claimed = Alternative::kLess;
  Alternative opposite = Alternative::kGreater;
};

std::vector<double> scaled(const ClaimSide& side, double factor) {
  std::vector<double> values;
  for (const ClaimValue& value : side.values) values.push_back(factor * value.value);
  return values;
}

Contrast contrast_of(const ClaimEvidence& evidence) {
  const Claim& claim = evidence.claim;
  if (claim.direction == ClaimDirection::kLower) {
    return {scaled(evidence.left, claim.factor), scaled(evidence.right, 1.0), -claim.margin,
            Alternative::kLess, Alternative::kGreater};
  }
  return {scaled(evidence.left, 1.0), scaled(evidence.right, claim.factor), claim.margin,
          Alternative::kGreater, Alternative::kLess};
}

std::vector<double> differences(const Contrast& contrast, double null) {
  std::vector<double> values;
  for (std::size_t i = 0; i < contrast.left.size(); ++i) {
    values.push_back(contrast.left[i] - contrast.right[i] - null);
  }
  return values;
}

std::vector<double> shifted(std::vector<double> values, double by) {
  for (double& value : values) value += by;
  return values;
}

std::optional<TestResult> test_of(ClaimTest test, const Contrast& c, Alternative alternative) {
  switch (test) {
    case ClaimTest::kSign:
      return sign_test(differences(c, c.null), alternative);
    case ClaimTest::kWilcoxon:
      return signed_rank_test(differences(c, c.null), alternative);
    case ClaimTest::kMannWhitney:
      return mann_whitney_test(shifted(c.left, -c.null), c.right, alternative);
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

std::string listed(const std::vector<std::string>& reasons) {
  constexpr std::size_t kShown = 3;
  const std::span shown(reasons.data(), std::min(kShown, reasons.size()));
  const std::string more = reasons.size() > kShown
                               ? fmt::format("; and {} more", reasons.size() - kShown)
                               : std::string();
  return fmt::format("{}{}", fmt::join(shown, "; "), more);
}

bool same_seeds(const ClaimEvidence& evidence) {
  return std::ranges::equal(evidence.left.values, evidence.right.values, {}, &ClaimValue::seed,
                            &ClaimValue::seed);
}

// Why the claim cannot be tested, or nothing.
std::string obstacle(const ClaimEvidence& evidence) {
  if (!evidence.missing.empty()) return listed(evidence.missing);
  if (evidence.left.definition_id == evidence.right.definition_id) {
    return "left and right are one and the same definition";
  }
  for (const ClaimSide* side : {&evidence.left, &evidence.right}) {
    if (side->values.size() >= kFewestClaimSeeds) continue;
    return fmt::format("{} has {} of the {} seeds that a claim needs", side->experiment,
                       side->values.size(), kFewestClaimSeeds);
  }
  if (is_paired(evidence.claim.test) && !same_seeds(evidence)) {
    return "a paired test needs the same seeds on both sides";
  }
  return "";
}

ClaimVerdict tested(const ClaimEvidence& evidence) {
  ClaimVerdict verdict{evidence};
  if (!evidence.differing.empty()) {
    verdict.outcome = ClaimOutcome::kNotComparable;
    verdict.reason = "the protocols differ in " + listed(evidence.differing);
    return verdict;
  }
  verdict.reason = obstacle(evidence);
  if (!verdict.reason.empty()) return verdict;
  const Claim& claim = evidence.claim;
  const Contrast contrast = contrast_of(evidence);
  verdict.outcome = ClaimOutcome::kInconclusive;
  verdict.effect = effect_of(claim.test, contrast, claim.alpha);
  verdict.claimed = test_of(claim.test, contrast, contrast.claimed);
  verdict.opposite = test_of(claim.test, contrast, contrast.opposite);
  if (!verdict.claimed) verdict.reason = "no seed differs from another, so t does not exist";
  return verdict;
}

void adjust(std::vector<ClaimVerdict>& verdicts) {
  std::vector<double> claimed;
  std::vector<double> opposite;
  for (const auto& verdict : verdicts) {
    claimed.push_back(verdict.claimed ? verdict.claimed->p : 1.0);
    opposite.push_back(verdict.opposite ? verdict.opposite->p : 1.0);
  }
  const auto adjusted = holm_adjusted(claimed);
  const auto adjusted_opposite = holm_adjusted(opposite);
  for (std::size_t i = 0; i < verdicts.size(); ++i) {
    verdicts[i].adjusted = adjusted[i];
    verdicts[i].adjusted_opposite = adjusted_opposite[i];
    verdicts[i].claims = std::ssize(verdicts);
  }
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
  for (ClaimVerdict& verdict : verdicts) {
    if (!verdict.claimed) continue;
    const double alpha = verdict.evidence.claim.alpha;
    if (verdict.adjusted <= alpha) {
      verdict.outcome = ClaimOutcome::kHolds;
    } else if (verdict.adjusted_opposite <= alpha) {
      verdict.outcome = ClaimOutcome::kFails;
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
