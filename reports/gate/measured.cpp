// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/measured.h"

#include <algorithm>

#include "reports/comparison/decide.h"
#include "reports/metric_columns.h"
#include "results/run_queries.h"

namespace assay {

Measured measured(const RunGroup& group, std::vector<MetricColumn>& columns) {
  Measured found;
  found.metrics = metrics_of_group(group, columns, History::kLast);
  for (const FoundRun& run : group.counted) {
    found.others[std::string(kMemory)].scores.push_back(
        {run.row.seed, static_cast<double>(run.row.peak_memory_bytes)});
    std::map<std::string, double> last;
    for (const SeriesPoint& point : series_of(*run.database, run.row.number)) {
      last[point.name] = point.value;
    }
    for (const auto& [name, value] : last) {
      found.others["loss: " + name].scores.push_back({run.row.seed, value});
    }
    for (const MetricRow& row : metrics_of(*run.database, run.row.number)) {
      const auto field = row.protocol.find(std::string(kNetworkEvaluations));
      if (field != row.protocol.end()) found.evaluations[row.full_name()].insert(field->second);
    }
  }
  return found;
}

void keep_common_seeds(Sample& before, Sample& now) {
  Sample left = before, right = now;
  const auto has = [](const Sample& in, const SeedScore& one) {
    return std::ranges::find(in.scores, one.seed, &SeedScore::seed) != in.scores.end();
  };
  std::erase_if(left.scores, [&](const SeedScore& one) { return !has(now, one); });
  std::erase_if(right.scores, [&](const SeedScore& one) { return !has(before, one); });
  const bool equal = compare_samples(left, right, {}).test == "identical";
  if (before.failed + now.failed > 0 || (left.scores.size() < 2 && !equal)) return;
  before = std::move(left);
  now = std::move(right);
}

}  // namespace assay
