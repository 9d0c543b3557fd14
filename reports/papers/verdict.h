// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/metric_kind.h"
#include "reports/papers/published.h"
#include "reports/report.h"
#include "reports/statistics/hypothesis_test.h"

namespace assay {

enum class PaperOutcome {
  kReproduced,     ///< the same within the tolerance: TOST p <= 0.05
  kBetter,         ///< differs, p <= 0.05, to the better
  kWorse,          ///< differs, p <= 0.05, to the worse
  kInconclusive,   ///< neither can be said yet: more seeds
  kNotComparable,  ///< measured under a protocol that differs
  kNotRun          ///< no run of that definition
};
std::string_view outcome_name(PaperOutcome outcome);  ///< "reproduced", …, "not comparable"

/// What a definition's runs say of a published value. The difference is ours − theirs.
struct PaperVerdict {
  PaperOutcome outcome = PaperOutcome::kNotRun;
  std::string reason = {};  ///< fields that differ, what is needed, how many seeds would do
  SeedSummary here = {};
  std::optional<double> effect = {}, low = {}, high = {};  ///< with its 95 % interval
  std::optional<double> p = {};                            ///< of a difference, two-sided
  std::optional<double> equivalence = {};                  ///< p of one beyond the tolerance
};

/// One-sample test of scores against a published mean that has a spread of its own:
///   t = (mean − value) / √(s²/n + e²),  Satterthwaite's degrees of n − 1 and k − 1,
/// e the published standard error: the spread, or the standard deviation over √k of k trainings;
/// 0 where neither is stated, or where ± is over evaluations of one model. Two one-sided tests of
/// the same t decide whether the means are the same within the tolerance, which was stored before
/// any run. At least two seeds. Seeds that diverged or failed have no score and are not left out
/// silently: with one of them nothing is decided.
PaperVerdict judge_published(const PublishedValue& value, const std::vector<double>& scores,
                             std::optional<Better> better, std::int64_t failed_seeds = 0);

/// The verdict of an experiment's runs: of the column whose protocol agrees with the value's
/// fields; `ids` are those of [experiments]. A smoke run, and a definition that has the name but
/// not the id, repeats nothing.
PaperVerdict verdict_of(const PublishedValue& value, const ExperimentSummary& experiment,
                        const std::vector<MetricColumn>& columns,
                        const std::map<std::string, std::string>& ids);

}  // namespace assay
