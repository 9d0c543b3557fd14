// SPDX-License-Identifier: Apache-2.0
#include "reports/statistics/power.h"

#include <boost/math/distributions/non_central_t.hpp>
#include <boost/math/tools/toms748_solve.hpp>
#include <cmath>

#include "reports/statistics/summary.h"

namespace assay {
namespace {

// J(ν).
double without_bias(double degrees) {
  return std::exp(std::lgamma(degrees / 2.0) - std::lgamma((degrees - 1.0) / 2.0)) /
         std::sqrt(degrees / 2.0);
}

}  // namespace

std::optional<double> hedges_g(std::span<const double> left, std::span<const double> right) {
  const SeedSummary l = summarise(left);
  const SeedSummary r = summarise(right);
  if (l.n < 2 || r.n < 2) return std::nullopt;
  const double degrees = static_cast<double>(l.n + r.n - 2);
  const double pooled = std::sqrt((static_cast<double>(l.n - 1) * *l.sd * *l.sd +
                                   static_cast<double>(r.n - 1) * *r.sd * *r.sd) /
                                  degrees);
  if (pooled == 0.0) return std::nullopt;
  return without_bias(degrees) * (*l.mean - *r.mean) / pooled;
}

std::optional<double> standardised_mean(std::span<const double> differences) {
  const SeedSummary found = summarise(differences);
  if (found.n < 2 || *found.sd == 0.0) return std::nullopt;
  return without_bias(static_cast<double>(found.n - 1)) * *found.mean / *found.sd;
}

double power_of(double effect, std::int64_t n, double alpha, Design design) {
  const auto count = static_cast<double>(n);
  const bool pairs = design == Design::kPairs;
  const double degrees = pairs ? count - 1.0 : 2.0 * count - 2.0;
  const double shift = std::abs(effect) * std::sqrt(pairs ? count : count / 2.0);
  const double critical = student_t_quantile(degrees, 1.0 - alpha / 2.0);
  if (shift == 0.0) return alpha;
  const boost::math::non_central_t shifted(degrees, shift);
  return cdf(complement(shifted, critical)) + cdf(shifted, -critical);
}

double detectable_effect(std::int64_t n, const TestPlan& plan) {
  double high = 1.0;
  while (power_of(high, n, plan.alpha, plan.design) < plan.power) high *= 2.0;
  // Power grows with the effect.
  const auto short_of = [&](double effect) {
    return power_of(effect, n, plan.alpha, plan.design) - plan.power;
  };
  std::uintmax_t steps = 100;
  const auto [low, upper] = boost::math::tools::toms748_solve(
      short_of, 0.0, high, boost::math::tools::eps_tolerance<double>(45), steps);
  return (low + upper) / 2.0;
}

std::optional<std::int64_t> values_needed(double effect, const TestPlan& plan, std::int64_t most) {
  const auto enough = [&](std::int64_t n) {
    return power_of(effect, n, plan.alpha, plan.design) >= plan.power;
  };
  if (!(effect > 0.0) || !enough(most)) return std::nullopt;
  std::int64_t low = 1, high = most;  // low is too few, high is enough
  while (high - low > 1) {
    const std::int64_t middle = low + (high - low) / 2;
    (enough(middle) ? high : low) = middle;
  }
  return high;
}

}  // namespace assay
