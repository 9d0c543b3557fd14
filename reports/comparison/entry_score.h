// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "reports/comparison/n_way.h"
#include "reports/statistics/hypothesis_test.h"

namespace assay {

/// What the seeds of one entry say of one metric by themselves.
struct EntryScore {
  std::optional<Interval> interval = {};  ///< of the mean, 95 %, from two seeds
  std::string_view method = "";    ///< of it: "student" below ten seeds, "bca" from ten; "" without
  double median = 0.0;             ///< the mean of the middle two for an even number of seeds
  double least = 0.0, most = 0.0;  ///< over seeds: no result, for each seed is one draw
  std::optional<RankRange> rank = {};  ///< among the entries (rank_range)
};

/// Of the finite last values; nothing without one.
std::optional<EntryScore> entry_score(const Comparison& comparison, std::size_t entry,
                                      const MetricSummary& metric);

/// "11.0 ± 1.0 [8.5, 13.5] (n = 3), rank 1–2": mean, standard deviation, interval of the mean.
std::string entry_score_text(const MetricSummary& metric, const std::optional<EntryScore>& score);

}  // namespace assay
