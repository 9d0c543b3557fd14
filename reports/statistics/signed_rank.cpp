// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/signed_rank.h"

#include <cmath>
#include <numeric>
#include <vector>

#include "reports/statistics/null_distribution.h"
#include "reports/statistics/ranks.h"

namespace assay {
namespace {

// Of the doubled sum of those ranks that a fair coin picks.
NullDistribution exact_distribution(const std::vector<std::int64_t>& doubled_ranks) {
  const auto most = std::accumulate(doubled_ranks.begin(), doubled_ranks.end(), std::int64_t{0});
  std::vector<double> pmf(static_cast<std::size_t>(most + 1), 0.0);
  pmf[0] = 1.0;
  for (const std::int64_t doubled : doubled_ranks) {
    const auto rank = static_cast<std::size_t>(doubled);
    for (std::size_t sum = pmf.size(); sum-- > 0;) {
      pmf[sum] = (pmf[sum] + (sum >= rank ? pmf[sum - rank] : 0.0)) / 2.0;
    }
  }
  return NullDistribution::exact(std::move(pmf));
}

NullDistribution null_distribution(const Ranks& ranks) {
  const auto count = std::ssize(ranks.doubled);
  if (count <= kMostExactDifferences) return exact_distribution(ranks.doubled);
  const auto n = static_cast<double>(count);
  const double variance = n * (n + 1) * (2 * n + 1) / 24.0 - ranks.ties / 48.0;
  return NullDistribution::normal(n * (n + 1) / 4.0, std::sqrt(variance));
}

}  // namespace

TestResult signed_rank_test(std::span<const double> differences, Alternative alternative) {
  std::vector<double> sizes;
  std::vector<bool> positive;
  for (const double d : differences) {
    if (d == 0.0) continue;
    sizes.push_back(std::abs(d));
    positive.push_back(d > 0);
  }
  const Ranks ranks = ranks_of(sizes);
  std::int64_t doubled_sum = 0;
  for (std::size_t i = 0; i < sizes.size(); ++i) {
    if (positive[i]) doubled_sum += ranks.doubled[i];
  }
  return null_distribution(ranks).test(doubled_sum, alternative);
}

Estimate hodges_lehmann_estimate(std::span<const double> differences, double alpha) {
  std::vector<double> averages;
  for (std::size_t j = 0; j < differences.size(); ++j) {
    for (std::size_t i = 0; i <= j; ++i) {
      averages.push_back((differences[i] + differences[j]) / 2.0);
    }
  }
  return null_distribution(untied_ranks(differences.size())).estimate(std::move(averages), alpha);
}

}  // namespace assay
