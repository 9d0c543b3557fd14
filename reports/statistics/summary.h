// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>

namespace assay {

/// What n values of one quantity, one per seed, say together. Values that are not finite are
/// counted apart.
struct SeedSummary {
  std::int64_t n = 0;           ///< finite values
  std::int64_t non_finite = 0;  ///< the others
  std::optional<double> mean = {};
  std::optional<double> sd = {};   ///< of the sample: divides by n − 1; needs n >= 2
  std::optional<double> low = {};  ///< two-sided 95 % interval of the mean
  std::optional<double> high = {};
};

/// With mean ± t_{0.975, n−1} sd/√n (Student 1908). Equal values have exactly that mean and sd 0.
SeedSummary summarise(std::span<const double> values);

/// Quantile of Student's t distribution (Boost.Math). degrees > 0, 0 < probability < 1.
double student_t_quantile(double degrees, double probability);

}  // namespace assay
