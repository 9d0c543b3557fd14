// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "reports/claim_evidence.h"
#include "reports/statistics/hypothesis_test.h"

namespace assay {

enum class ClaimOutcome {
  kHolds,          ///< adjusted p <= alpha
  kFails,          ///< the same test shows the opposite: adjusted p of it <= alpha
  kInconclusive,   ///< neither
  kNotComparable,  ///< the values stand under different protocols
  kNotRun          ///< values are missing
};
std::string_view outcome_name(ClaimOutcome outcome);  ///< "holds", "not_run", …

/// What became of a claim. The tested contrast is factor · left − right for "lower" and
/// left − factor · right for "higher"; the claim is that it lies beyond the margin. With a factor
/// or a margin, what only rounding tells from the margin is a tie (contrast.h).
struct ClaimVerdict {
  ClaimEvidence evidence;
  ClaimOutcome outcome = ClaimOutcome::kNotRun;
  /// Why nothing could be decided: what is missing, or how many seeds would do where no smaller p
  /// can be had; and which seeds were lost. Empty where p says it.
  std::string reason = {};
  /// Location of the contrast: median of the differences (sign), Hodges–Lehmann (wilcoxon,
  /// mann_whitney), difference of means (welch); with the interval of confidence >= 1 − 2 alpha
  /// that inverts the test where no difference is 0, without Holm's correction.
  /// None where a seed was lost.
  std::optional<Estimate> effect = {};
  std::optional<TestResult> claimed = {};   ///< against: the contrast is not beyond the margin
  std::optional<TestResult> opposite = {};  ///< against: it is
  double adjusted = 1.0;                    ///< p of `claimed` after Holm over the suite
  double adjusted_opposite = 1.0;           ///< p of `opposite` after Holm over the suite
  std::int64_t claims = 0;                  ///< in Holm's correction: all of the suite
};

/// Judges the claims of one suite together. A claim that cannot be tested counts in Holm's
/// correction with p = 1, so that failed runs make no other claim easier. Pure.
std::vector<ClaimVerdict> judge(std::span<const ClaimEvidence> claims);

/// The smallest p that n values against m can reach: 2^−n (sign, wilcoxon), 1 / C(n + m, n)
/// (mann_whitney), 0 (welch).
double smallest_p(ClaimTest test, std::size_t n, std::size_t m);

}  // namespace assay
