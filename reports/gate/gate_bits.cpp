// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate_bits.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <cstdint>
#include <map>
#include <set>

#include "reports/number_text.h"
#include "reports/state_difference.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

bool may_be_equal(const FoundRun& left, const FoundRun& right) {
  return !left.row.state_hash.empty() && left.row.seed == right.row.seed &&
         left.row.data_digest == right.row.data_digest && left.row.device == right.row.device &&
         left.row.threads == right.row.threads &&
         machine_of(*left.database, left.row.machine_id) ==
             machine_of(*right.database, right.row.machine_id);
}

// The earliest logged value that differs in a bit.
std::string departure(const FoundRun& left, const FoundRun& right) {
  std::map<std::pair<std::int64_t, std::string>, double> before;
  std::set<std::string> known;
  for (const SeriesPoint& point : series_of(*left.database, left.row.number)) {
    before[{point.images_seen, point.name}] = point.value;
    known.insert(point.name);
  }
  auto now = series_of(*right.database, right.row.number);
  std::ranges::sort(
      now, {}, [](const SeriesPoint& point) { return std::pair(point.images_seen, point.name); });
  for (const SeriesPoint& point : now) {
    if (!known.contains(point.name)) continue;  // logged since, which moves nothing
    const auto there = before.find({point.images_seen, point.name});
    if (there == before.end()) {
      return fmt::format("seed {}: {} is logged at {} images and was not", right.row.seed,
                         point.name, point.images_seen);
    }
    if (std::bit_cast<std::uint64_t>(there->second) == std::bit_cast<std::uint64_t>(point.value))
      continue;
    return fmt::format("seed {}: {} at {} images was {} and is {}", right.row.seed, point.name,
                       point.images_seen, exact_number_text(there->second),
                       exact_number_text(point.value));
  }
  return fmt::format("seed {}: no logged value differs; the final state does", right.row.seed);
}

std::string departure_in_full(const FoundRun& left, const FoundRun& right) {
  const std::string tensors = state_difference(state_tensors_of(*left.database, left.row),
                                               state_tensors_of(*right.database, right.row));
  return departure(left, right) + (tensors.empty() ? "" : "; " + tensors);
}

}  // namespace

GateBits bits_of(const RunGroup& baseline, const RunGroup& current) {
  GateBits bits{baseline.experiment.name};
  if (baseline.experiment.id != current.experiment.id) return bits;
  for (const FoundRun& before : baseline.counted) {
    for (const FoundRun& now : current.counted) {
      if (!may_be_equal(before, now)) continue;
      ++bits.pairs;
      if (before.row.state_hash == now.row.state_hash) {
        ++bits.equal;
      } else if (bits.first.empty()) {
        bits.first = departure_in_full(before, now);
      }
    }
  }
  return bits;
}

}  // namespace assay
