// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reports/gather.h"
#include "reports/statistics/sample.h"

namespace assay {

inline constexpr std::string_view kMemory = "peak_memory_bytes";

/// What the complete runs of an experiment came to.
struct Measured {
  std::vector<MetricSummary> metrics;
  std::map<std::string, Sample> others;  ///< "loss: kl_nats" at its last record; kMemory
  /// How often a sample asked the network, by the score that rests on it ("fd@pixels").
  std::map<std::string, std::set<std::string>> evaluations;
};
/// Takes what only one side has from both: repeated seeds are held against themselves, where there
/// are two or more, or where all that there are have equal scores.
void keep_common_seeds(Sample& before, Sample& now);

Measured measured(const RunGroup& group, std::vector<MetricColumn>& columns);

}  // namespace assay
