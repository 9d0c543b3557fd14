// SPDX-License-Identifier: Apache-2.0
#include "reports/papers/verdict.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

#include "core/metric_kind.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/statistics/student.h"
#include "reports/statistics/summary.h"

namespace assay {
namespace {

constexpr double kAlpha = 0.05;

struct Spread {
  double error = 0.0;    ///< standard error of the published mean
  double degrees = 0.0;  ///< 0: none, it is taken as exact
};

Spread published_error(const PublishedValue& value) {
  const double spread = value.spread.value_or(0.0);
  const auto runs = static_cast<double>(value.runs);
  if (spread == 0.0 || value.runs < 2) return {};
  if (value.spread_of == "standard error") return {spread, runs - 1.0};
  if (value.spread_of == "standard deviation") return {spread / std::sqrt(runs), runs - 1.0};
  return {};
}

bool is_metric(const MetricColumn& column, const std::string& metric) {
  // fd is FID on one extractor alone; under another it is shown beside, and not compared.
  return column.metric == metric || (metric == "fid" && column.metric == "fd");
}

// "extractor: inception-v3 / fmnist-cnn": the paper's field and ours.
std::vector<std::string> fields_apart(const PublishedValue& value, const Protocol& ours) {
  std::vector<std::string> apart;
  for (const auto& [name, wanted] : value.fields) {
    const std::string found = protocol_field(ours, name);
    if (found != wanted) apart.push_back(fmt::format("{}: {} / {}", name, wanted, found));
  }
  return apart;
}

// Seeds that would do, by the normal approximation to the equivalence test at power 0.8.
std::int64_t seeds_that_would_do(double sd, double room) {
  constexpr double kBothErrors = 1.645 + 0.842;
  return static_cast<std::int64_t>(std::ceil(std::pow(kBothErrors * sd / room, 2.0))) + 1;
}

std::string what_is_short(const PublishedValue& value, const PaperVerdict& verdict) {
  const double room = value.tolerance - std::abs(*verdict.effect);
  if (room <= 0.0 || *verdict.here.sd == 0.0)
    return "the difference that was seen is larger than the tolerance, and not certain";
  const std::int64_t enough = seeds_that_would_do(*verdict.here.sd, room);
  if (enough <= verdict.here.n)
    return "the published mean itself is not known more exactly: its own runs are too few";
  return fmt::format("about {} more seeds", enough - verdict.here.n);
}

}  // namespace

std::string_view outcome_name(PaperOutcome outcome) {
  // In the order of the enumerators.
  constexpr std::array<std::string_view, 6> kNames = {"reproduced",   "better",         "worse",
                                                      "inconclusive", "not comparable", "not run"};
  return kNames[static_cast<std::size_t>(outcome)];
}

PaperVerdict judge_published(const PublishedValue& value, const std::vector<double>& scores,
                             std::optional<Better> better, std::int64_t failed_seeds) {
  PaperVerdict verdict{.outcome = PaperOutcome::kInconclusive, .here = summarise(scores)};
  if (failed_seeds > 0) {
    verdict.reason = fmt::format("{} of {} seeds ended without a score", failed_seeds,
                                 std::ssize(scores) + failed_seeds);
    return verdict;
  }
  if (verdict.here.non_finite > 0) {
    verdict.reason =
        fmt::format("{} of {} seeds have no finite score", verdict.here.non_finite, scores.size());
    return verdict;
  }
  if (verdict.here.n < 2) {
    verdict.reason = "two seeds or more, of which a spread can be known";
    if (verdict.here.n == 1) verdict.effect = *verdict.here.mean - value.value;
    return verdict;
  }
  const Spread theirs = published_error(value);
  const auto n = static_cast<double>(verdict.here.n);
  const double ours = *verdict.here.sd * *verdict.here.sd / n;
  const double error = std::sqrt(ours + theirs.error * theirs.error);
  verdict.effect = *verdict.here.mean - value.value;
  if (error == 0.0) {
    verdict.outcome = std::abs(*verdict.effect) <= value.tolerance ? PaperOutcome::kReproduced
                                                                   : PaperOutcome::kInconclusive;
    verdict.reason = "all seeds are equal and the paper states no spread";
    return verdict;
  }
  const double share = ours / (error * error);
  const double degrees =
      1.0 / (share * share / (n - 1.0) +
             (theirs.degrees > 0 ? (1.0 - share) * (1.0 - share) / theirs.degrees : 0.0));
  const double half = student_t_quantile(degrees, 1.0 - kAlpha / 2) * error;
  verdict.low = *verdict.effect - half;
  verdict.high = *verdict.effect + half;
  verdict.p = student_t_p(*verdict.effect / error, degrees, Alternative::kTwoSided);
  verdict.equivalence = student_t_p((std::abs(*verdict.effect) - value.tolerance) / error, degrees,
                                    Alternative::kLess);
  if (value.tolerance > 0.0 && *verdict.equivalence <= kAlpha) {
    verdict.outcome = PaperOutcome::kReproduced;
  } else if (*verdict.p <= kAlpha && better != std::nullopt) {
    const bool lower = *verdict.effect < 0.0;
    verdict.outcome =
        lower == (better == Better::kLower) ? PaperOutcome::kBetter : PaperOutcome::kWorse;
  } else {
    verdict.reason = what_is_short(value, verdict);
  }
  return verdict;
}

PaperVerdict verdict_of(const PublishedValue& value, const ExperimentSummary& experiment,
                        const std::vector<MetricColumn>& columns,
                        const std::map<std::string, std::string>& ids) {
  const auto id = ids.find(experiment.name);
  if (experiment.smoke) return {.reason = "smoke runs alone"};
  if (id == ids.end() || id->second != experiment.id)
    return {.reason = "runs of that name have another definition"};
  if (experiment.counted.empty()) return {.reason = "no run of it is complete"};
  PaperVerdict nearest{.outcome = PaperOutcome::kNotComparable, .reason = "metric not computed"};
  std::size_t fewest = value.fields.size() + 1;
  for (const MetricSummary& metric : experiment.metrics) {
    const MetricColumn& column = columns[metric.column];
    if (!is_metric(column, value.metric)) continue;
    std::vector<double> scores;
    for (const SeedValue& seed : metric.seeds) scores.push_back(seed.value);
    Protocol protocol = column.protocol;
    protocol.insert(metric.sampling.begin(), metric.sampling.end());
    const auto apart = fields_apart(value, protocol);
    if (apart.empty())
      return judge_published(value, scores, column.better, experiment.failed_seeds);
    if (apart.size() >= fewest) continue;
    fewest = apart.size();
    nearest.here = metric.last;
    nearest.reason = fmt::format("{}", fmt::join(apart, "; "));
  }
  return nearest;
}

}  // namespace assay
