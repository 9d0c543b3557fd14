// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/mann_whitney.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>
#include <vector>

#include "reports/statistics/null_distribution.h"
#include "reports/statistics/ranks.h"

namespace assay {
namespace {

// Of the doubled U of `chosen` out of these ranks: how many choices have each sum of ranks.
NullDistribution exact_distribution(std::vector<std::int64_t> doubled_ranks, std::size_t chosen) {
  std::ranges::sort(doubled_ranks);
  const auto most = std::accumulate(doubled_ranks.end() - static_cast<std::ptrdiff_t>(chosen),
                                    doubled_ranks.end(), 0LL);
  const auto width = static_cast<std::size_t>(most + 1);
  std::vector<std::vector<double>> choices(chosen + 1, std::vector<double>(width, 0.0));
  choices[0][0] = 1.0;
  for (const std::int64_t doubled : doubled_ranks) {
    const auto rank = static_cast<std::size_t>(doubled);
    for (std::size_t k = chosen; k > 0; --k) {
      for (std::size_t sum = width; sum-- > rank;) choices[k][sum] += choices[k - 1][sum - rank];
    }
  }
  // R = U + n(n+1)/2, all doubled.
  const auto none = static_cast<std::ptrdiff_t>(chosen * (chosen + 1));
  std::vector<double> pmf(choices[chosen].begin() + none, choices[chosen].end());
  const double all = std::accumulate(pmf.begin(), pmf.end(), 0.0);
  for (double& p : pmf) p /= all;
  return NullDistribution::exact(std::move(pmf));
}

NullDistribution null_distribution(const Ranks& ranks, std::size_t left, std::size_t right) {
  if (std::cmp_less_equal(std::max(left, right), kMostExactValues)) {
    return exact_distribution(ranks.doubled, left);
  }
  const auto pairs = static_cast<double>(left * right);
  const auto all = static_cast<double>(left + right);
  const double variance = pairs / 12.0 * (all + 1 - ranks.ties / (all * (all - 1)));
  return NullDistribution::normal(pairs / 2.0, std::sqrt(variance));
}

}  // namespace

TestResult mann_whitney_test(std::span<const double> left, std::span<const double> right,
                             Alternative alternative) {
  std::vector<double> all(left.begin(), left.end());
  all.insert(all.end(), right.begin(), right.end());
  const Ranks ranks = ranks_of(all);
  const auto n = std::ssize(left);
  const auto doubled_sum =
      std::accumulate(ranks.doubled.begin(), ranks.doubled.begin() + n, std::int64_t{0});
  return null_distribution(ranks, left.size(), right.size())
      .test(doubled_sum - n * (n + 1), alternative);
}

Estimate shift_estimate(std::span<const double> left, std::span<const double> right, double alpha) {
  std::vector<double> shifts;
  for (const double l : left) {
    for (const double r : right) shifts.push_back(l - r);
  }
  const Ranks untied = untied_ranks(left.size() + right.size());
  return null_distribution(untied, left.size(), right.size()).estimate(std::move(shifts), alpha);
}

}  // namespace assay
