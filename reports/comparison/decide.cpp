// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/decide.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <optional>

#include "core/metric_kind.h"
#include "reports/statistics/equivalence.h"
#include "reports/statistics/holm.h"
#include "reports/statistics/mann_whitney.h"
#include "reports/statistics/power.h"
#include "reports/statistics/signed_rank.h"
#include "reports/statistics/student.h"
#include "reports/statistics/summary.h"
#include "reports/statistics/welch.h"

namespace assay {
namespace {

using Values = std::vector<double>;

double mean_of(const Values& values) { return summarise(values).mean.value(); }

double worst_by(const Terms& terms) { return worst_value(terms.better.value_or(Better::kHigher)); }

// Every score of a seed, lost ones as the worst there is.
Values ranked_values(const Sample& sample, const Terms& terms) {
  Values values = sample.finite();
  values.resize(values.size() + static_cast<std::size_t>(sample.lost()), worst_by(terms));
  return values;
}

bool equal_to_the_bit(const Sample& left, const Sample& right) {
  return left.failed + right.failed == 0 &&
         std::ranges::equal(left.scores, right.scores, [](const SeedScore& l, const SeedScore& r) {
           return l.seed == r.seed &&
                  std::bit_cast<std::uint64_t>(l.value) == std::bit_cast<std::uint64_t>(r.value);
         });
}

bool holds_one_value(const Values& values) {
  return !values.empty() && std::ranges::all_of(values, [&](double v) { return v == values[0]; });
}

void set_interval(Decision& decision, const Estimate& estimate) {
  decision.effect = estimate.value;
  if (!estimate.interval) return;
  decision.low = estimate.interval->low;
  decision.high = estimate.interval->high;
}

void by_ranks(const Sample& left, const Sample& right, const Terms& terms, Decision& decision) {
  const Values l = ranked_values(left, terms);
  const Values r = ranked_values(right, terms);
  decision.test = "mann_whitney";
  decision.p = mann_whitney_test(r, l, Alternative::kTwoSided).p;
  decision.right_is_lower = mann_whitney_test(r, l, Alternative::kLess).p < 0.5;
}

void by_pairs(const Sample& left, const Sample& right, const Terms& terms, Decision& decision) {
  Values differences;
  for (std::size_t i = 0; i < left.scores.size(); ++i) {
    differences.push_back(right.scores[i].value - left.scores[i].value);
  }
  const auto test = t_test(differences, 0.0, Alternative::kTwoSided);
  set_interval(decision, mean_estimate(differences, terms.alpha / 2));
  if (!test && terms.pairing == Pairing::kSeeds) {
    by_ranks(left, right, terms, decision);
    return;
  }
  if (!test) {
    decision.test = "signed_rank";
    decision.p = signed_rank_test(differences, Alternative::kTwoSided).p;
    return;
  }
  decision.test = "paired_t";
  decision.p = test->p;
  decision.effect_size = standardised_mean(differences);
  if (terms.margin > 0) decision.equivalence = paired_equivalence_p(differences, terms.margin);
}

// Of scores of the same trainings, some of them lost: the lost one of a pair is the worse one, by
// more than all others; a pair that lost both is a tie.
void by_pairs_of_lost(const Sample& left, const Sample& right, const Terms& terms,
                      Decision& decision) {
  const bool same_seeds =
      left.failed + right.failed == 0 &&
      std::ranges::equal(left.scores, right.scores, {}, &SeedScore::seed, &SeedScore::seed);
  if (!same_seeds) {
    decision.reason = "scores of the same trainings need the same seeds on each side";
    return;
  }
  const auto ranked = [&](double value) { return std::isfinite(value) ? value : worst_by(terms); };
  Values differences;
  for (std::size_t i = 0; i < left.scores.size(); ++i) {
    const double l = ranked(left.scores[i].value), r = ranked(right.scores[i].value);
    differences.push_back(l == r ? 0.0 : r - l);
  }
  decision.test = "signed_rank";
  decision.p = signed_rank_test(differences, Alternative::kTwoSided).p;
  decision.right_is_lower = signed_rank_test(differences, Alternative::kLess).p < 0.5;
}

void by_welch(const Values& left, const Values& right, const Terms& terms, Decision& decision) {
  const auto test = welch_test(right, left, Alternative::kTwoSided);
  set_interval(decision, mean_difference_estimate(right, left, terms.alpha / 2));
  if (!test) return;
  decision.test = "welch";
  decision.p = test->p;
  if (terms.margin > 0) decision.equivalence = equivalence_p(right, left, terms.margin);
}

void by_prediction(const Values& many, double one, bool one_is_right, double alpha,
                   Decision& decision) {
  const auto test = prediction_test(many, one, Alternative::kTwoSided);
  if (!test) {
    decision.reason = "one seed against seeds that are all equal";
    return;
  }
  decision.test = "prediction";
  decision.p = test->p;
  const SeedSummary spread = summarise(many);
  const auto n = static_cast<double>(many.size());
  const double half =
      student_t_quantile(n - 1.0, 1.0 - alpha / 2) * *spread.sd * std::sqrt(1.0 + 1.0 / n);
  const double effect = one_is_right ? one - *spread.mean : *spread.mean - one;
  decision.low = effect - half;
  decision.high = effect + half;
}

void test_finite(const Sample& left, const Sample& right, const Terms& terms, Decision& decision) {
  const Values l = left.finite();
  const Values r = right.finite();
  decision.effect = mean_of(r) - mean_of(l);
  decision.right_is_lower = *decision.effect < 0;
  if (terms.pairing != Pairing::kNone && pairs(left, right) && l.size() >= 2) {
    by_pairs(left, right, terms, decision);
    return;
  }
  if (terms.pairing == Pairing::kTrainings) {
    decision.reason = "scores of the same trainings need the same two seeds or more on each side";
    return;
  }
  if (l.size() == 1 && r.size() == 1) {
    decision.reason = "one seed a side says nothing of another";
  } else if (r.size() == 1) {
    by_prediction(l, r.front(), true, terms.alpha, decision);
  } else if (l.size() == 1) {
    by_prediction(r, l.front(), false, terms.alpha, decision);
  } else {
    by_welch(l, r, terms, decision);
    if (!decision.p) by_ranks(left, right, terms, decision);
    decision.effect_size = hedges_g(r, l);
  }
}

Verdict verdict_of(const Decision& decision, const Terms& terms) {
  if (decision.verdict == Verdict::kNotComparable || decision.test == "identical")
    return decision.verdict;
  const bool counted = decision.test == "counted";
  if (counted && *decision.effect == 0.0) return Verdict::kSame;
  // Short trainings have outliers: one of them is said, and decides nothing.
  if (decision.test == "prediction") return Verdict::kInconclusive;
  const bool differs = counted || (decision.p && *decision.adjusted <= terms.alpha);
  const bool matters = !decision.effect || std::abs(*decision.effect) > terms.guard;
  if (!differs || !matters) {
    const bool same = decision.equivalence && *decision.equivalence <= terms.alpha;
    return same || differs ? Verdict::kSame : Verdict::kInconclusive;
  }
  if (terms.better == std::nullopt) return Verdict::kInconclusive;
  return decision.right_is_lower == (terms.better == Better::kLower) ? Verdict::kBetter
                                                                     : Verdict::kWorse;
}

}  // namespace

std::string_view verdict_name(Verdict verdict) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 5> kNames = {"better", "worse", "same", "inconclusive",
                                                      "not_comparable"};
  return kNames[static_cast<std::size_t>(verdict)];
}

Decision compare_samples(const Sample& left, const Sample& right, const Terms& terms) {
  Decision decision;
  decision.n_left = left.n();
  decision.n_right = right.n();
  decision.lost_left = left.lost();
  decision.lost_right = right.lost();
  decision.n = std::min(left.n(), right.n());
  if (decision.n == 0) {
    decision.reason = fmt::format("{} has no score", left.n() == 0 ? left.label : right.label);
    return decision;
  }
  if (equal_to_the_bit(left, right)) {
    decision.verdict = Verdict::kSame;
    decision.test = "identical";
    decision.effect = 0.0;
    return decision;
  }
  const Values l = left.finite(), r = right.finite();
  if (terms.counted && holds_one_value(l) && holds_one_value(r)) {
    decision.test = "counted";
    decision.effect = r.front() - l.front();
    decision.right_is_lower = *decision.effect < 0;
    return decision;
  }
  if (decision.lost_left + decision.lost_right == 0) {
    test_finite(left, right, terms, decision);
    return decision;
  }
  if (!l.empty() && !r.empty()) decision.effect = mean_of(r) - mean_of(l);
  if (terms.better == std::nullopt) {
    decision.reason = "seeds were lost, and nobody says which way this metric is better";
  } else if (terms.pairing == Pairing::kTrainings) {
    by_pairs_of_lost(left, right, terms, decision);
  } else {
    by_ranks(left, right, terms, decision);
  }
  return decision;
}

void settle(std::span<const TableRow> table) {
  std::vector<double> p;
  for (const TableRow& row : table) {
    if (row.decision->test != "counted") p.push_back(row.decision->p.value_or(1.0));
  }
  const auto adjusted = holm_adjusted(p);
  std::size_t place = 0;
  for (const auto& [decision, terms] : table) {
    if (decision->p) decision->adjusted = adjusted[place];
    if (decision->test != "counted") ++place;
    decision->verdict = verdict_of(*decision, *terms);
  }
}

void add_plans(std::span<const TableRow> table) {
  // Holm tests the smallest of m at alpha / m, and no row knows beforehand that it is another.
  const auto tested = static_cast<double>(std::ranges::count_if(
      table, [](const TableRow& row) { return row.decision->p.has_value(); }));
  for (const auto& [decided, terms] : table) {
    Decision& decision = *decided;
    const bool paired = decision.test == "paired_t";
    const bool open = decision.verdict == Verdict::kInconclusive &&
                      (paired || decision.test == "welch") &&
                      decision.adjusted.value_or(1.0) > terms->alpha;
    if (!open || !decision.effect_size || *decision.effect_size == 0.0) continue;
    const TestPlan plan{.alpha = terms->alpha / std::max(1.0, tested),
                        .design = paired ? Design::kPairs : Design::kTwoSides};
    // A standard deviation, pooled or of the differences, in the metric's unit.
    const double unit = std::abs(*decision.effect / *decision.effect_size);
    decision.detectable = unit * detectable_effect(decision.n, plan);
    const auto needed = values_needed(std::abs(*decision.effect_size), plan);
    if (needed && *needed > decision.n) decision.more_seeds = *needed - decision.n;
  }
}

}  // namespace assay
