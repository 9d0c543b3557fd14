// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/metric_kind.h"
#include "reports/report.h"
#include "reports/statistics/sample.h"

namespace assay {

enum class Verdict {
  kBetter,        ///< right is better than left: adjusted p <= alpha
  kWorse,         ///< right is worse
  kSame,          ///< the same within the margin, or to the bit
  kInconclusive,  ///< neither can be said
  kNotComparable  ///< the values stand under different protocols
};
std::string_view verdict_name(Verdict verdict);  ///< "better", …, "not_comparable"

/// Whether values of one seed belong together.
enum class Pairing {
  kNone,      ///< trainings of their own
  kSeeds,     ///< trainings that began with equal weights and order: pairs find smaller differences
  kTrainings  ///< scores of the same trainings, which are not independent: paired, or not at all
};

/// How two samples are compared.
struct Terms {
  std::optional<Better> better = {};
  double margin = 0.0;  ///< they are the same if a larger difference can be ruled out; 0: never
  double guard = 0.0;   ///< a difference up to this does not matter, however sure it is
  Pairing pairing = Pairing::kNone;
  double alpha = 0.05;
  bool counted = false;  ///< the values are counts, such as multiply-adds, and no estimates
};

/// What can be said of right against left. All differences are right − left.
struct Decision {
  Verdict verdict = Verdict::kInconclusive;
  /// welch, paired_t, mann_whitney, signed_rank, prediction, identical, counted
  std::string test = {};
  std::string reason = {};            ///< why nothing could be tested; empty where a test says it
  std::optional<double> effect = {};  ///< of the means of finite values
  std::optional<double> low = {}, high = {};  ///< 1 − alpha interval of it
  std::optional<double> p = {};               ///< of a difference, two-sided
  std::optional<double> adjusted = {};        ///< p after Holm over the table
  std::optional<double> equivalence = {};     ///< p that they are the same within the margin
  std::optional<double> effect_size = {};     ///< Hedges' g; of pairs in sds of differences
  std::optional<double> detectable = {};      ///< difference that so many seeds find 8 times in 10
  /// A side, or pairs, to find the difference that was seen.
  std::optional<std::int64_t> more_seeds = {};
  bool right_is_lower = false;                 ///< what the test saw, where there is one
  std::int64_t n = 0;                          ///< pairs, or seeds of the smaller side
  std::int64_t n_left = 0, n_right = 0;        ///< trainings, lost ones too
  std::int64_t lost_left = 0, lost_right = 0;  ///< failed, diverged or not finite
};

/// Chooses the test by rule, never by what it gives:
///   equal to the bit, all of them      the same, without a test
///   counts, each side's all equal      what they are, without a test
///   a side has lost seeds              Mann–Whitney, lost seeds ranked worst; of scores of the
///   same
///                                      trainings signed ranks, where each seed has a score
///   paired, the same seeds             Student's t of the paired differences
///   two values or more on both sides   Welch's t
///   one value against two or more      whether it lies in the prediction band of the others, which
///                                      is said, and never better or worse
/// With the direction unknown a side's lost seeds cannot be ranked and nothing is decided. Where t
/// does not exist, since all values of a side or all differences are equal, ranks decide
/// (Mann–Whitney; signed ranks for scores of the same trainings).
Decision compare_samples(const Sample& left, const Sample& right, const Terms& terms);

/// A decision of a table, and the terms that it was made under.
struct TableRow {
  Decision* decision = nullptr;
  const Terms* terms = nullptr;
};

/// Sets the verdicts of decisions that stand in one table: Holm's correction over their p, then
/// better or worse (adjusted <= alpha, and beyond the guard), same (equivalence <= alpha, or
/// certain and within the guard), else inconclusive. What could not be tested counts with p = 1;
/// counts, which need none, do not count.
void settle(std::span<const TableRow> table);

/// Adds to what stayed inconclusive what so many seeds would have found, and how many more would
/// find the difference that was seen, at power 0.8.
void add_plans(std::span<const TableRow> table);

}  // namespace assay
