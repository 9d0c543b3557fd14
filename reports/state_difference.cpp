// SPDX-License-Identifier: Apache-2.0
#include "reports/state_difference.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/events.h"
#include "results/run_queries.h"

namespace assay {
namespace {

using DigestsByTensor = std::map<std::string_view, std::string_view>;

// A line each below the heading: name, digest.
DigestsByTensor read_state_tensors(std::string_view csv) {
  DigestsByTensor digests;
  for (bool heading = true; !csv.empty(); heading = false) {
    const auto end = std::min(csv.find('\n'), csv.size());
    const auto line = csv.substr(0, end);
    csv.remove_prefix(std::min(end + 1, csv.size()));
    const auto comma = line.rfind(',');
    if (heading || comma == std::string_view::npos) continue;
    digests[line.substr(0, comma)] = line.substr(comma + 1);
  }
  return digests;
}

}  // namespace

std::string state_tensors_of(const Database& database, const RunRow& run) {
  const auto artifact = read_artifact(database, run.number,
                                      {std::string(kStateTensors), run.images_seen, "text/csv", 0});
  return artifact ? artifact->bytes : std::string();
}

std::string state_difference(std::string_view left, std::string_view right) {
  const auto before = read_state_tensors(left), now = read_state_tensors(right);
  if (before.empty() || now.empty()) return {};
  DigestsByTensor all = before;
  all.insert(now.begin(), now.end());
  std::size_t differing = 0;
  std::optional<std::string_view> first;
  for (const auto& [name, digest] : all) {
    const auto one = before.find(name), other = now.find(name);
    if (one != before.end() && other != now.end() && one->second == other->second) continue;
    ++differing;
    if (!first) first = name;
  }
  if (!first) return {};
  return fmt::format("{} of {} tensors of the final state differ, first {}", differing, all.size(),
                     *first);
}

}  // namespace assay
