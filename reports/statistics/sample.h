// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace assay {

/// What one training came to: the unit of replication is the seed.
struct SeedScore {
  std::uint64_t seed = 0;
  double value = 0.0;  ///< NaN or infinite where that is the result
};

/// One side of a comparison, a gate or a verdict: values of one metric under one protocol.
struct Sample {
  std::string label = {};
  std::vector<SeedScore> scores = {};  ///< by seed, each once
  std::int64_t failed = 0;             ///< seeds that ended without a score: diverged or failed

  std::vector<double> finite() const;
  /// Seeds that failed or whose score is not finite.
  std::int64_t lost() const;
  std::int64_t n() const { return static_cast<std::int64_t>(scores.size()) + failed; }
};

/// Whether both have the same seeds, in the same order, and all of them finite.
bool pairs(const Sample& left, const Sample& right);

}  // namespace assay
