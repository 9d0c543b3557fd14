// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_evidence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "results/run_queries.h"

namespace assay {
namespace {

using Groups = std::map<std::string, RunGroup>;     // by definition
using Protocols = std::map<std::string, Protocol>;  // by id

// Why there is no complete run of this seed.
std::string absence(const RunGroup* group, std::uint64_t seed, const std::string& experiment) {
  const RunRow* newest = nullptr;
  if (group != nullptr) {
    for (const auto& run : group->all) {
      if (run.row.seed == seed && (newest == nullptr || run.row.started_at >= newest->started_at))
        newest = &run.row;
    }
  }
  if (newest == nullptr) return fmt::format("seed {} of {} was not run", seed, experiment);
  return fmt::format("seed {} of {} {}{}", seed, experiment,
                     newest->status == "running" ? "still runs" : newest->status,
                     newest->reason.empty() ? "" : ": " + newest->reason);
}

bool is_asked_for(const MetricRow& row, const MetricName& wanted) {
  if (row.name != wanted.metric) return false;
  if (wanted.extractor.empty()) return true;
  const auto extractor = row.protocol.find("extractor");
  return extractor != row.protocol.end() && extractor->second == wanted.extractor;
}

class Collector {
 public:
  Collector(ClaimEvidence& evidence, const Groups& groups)
      : evidence_(evidence), groups_(groups), wanted_(split_metric(evidence.claim.metric)) {}

  void collect() {
    fill(evidence_.left);
    fill(evidence_.right);
    if (protocols_.size() == 1) evidence_.protocol_id = protocols_.begin()->first;
    std::vector<const Protocol*> all;
    for (const auto& [id, protocol] : protocols_) all.push_back(&protocol);
    for (const auto& field : differing_fields(all)) {
      std::set<std::string> values;
      for (const Protocol* protocol : all) values.insert(protocol_field(*protocol, field));
      evidence_.differing.push_back(fmt::format("{}: {}", field, fmt::join(values, " / ")));
    }
  }

 private:
  void fill(ClaimSide& side) {
    const auto found = groups_.find(side.definition_id);
    const RunGroup* group = found == groups_.end() ? nullptr : &found->second;
    for (const std::uint64_t seed : std::set(side.seeds.begin(), side.seeds.end())) {
      const FoundRun* run = nullptr;
      if (group != nullptr) {
        const auto counted = std::ranges::find(group->counted, seed,
                                               [](const FoundRun& one) { return one.row.seed; });
        if (counted != group->counted.end()) run = &*counted;
      }
      if (run == nullptr) {
        evidence_.missing.push_back(absence(group, seed, side.experiment));
      } else {
        read(side, *run);
      }
    }
  }

  void read(ClaimSide& side, const FoundRun& run) {
    const auto problem = [&](std::string_view what) {
      evidence_.missing.push_back(fmt::format("seed {} of {}: {} {}", run.row.seed, side.experiment,
                                              evidence_.claim.metric, what));
    };
    bool known = false;
    for (const MetricRow& row : final_metrics_of(*run.database, run.row.number)) {
      if (!is_asked_for(row, wanted_)) continue;
      protocols_.emplace(row.protocol_id, row.protocol);
      if (known) continue;  // under a second protocol: refused for that
      known = true;
      if (std::isfinite(row.value)) {
        side.values.push_back({run.row.seed, run.row.uuid, row.value});
      } else {
        problem("is " + exact_number_text(row.value));
      }
    }
    if (!known) problem("was not computed");
  }

  ClaimEvidence& evidence_;
  const Groups& groups_;
  const MetricName wanted_;
  Protocols protocols_;
};

}  // namespace

void collect_evidence(std::span<const std::filesystem::path> databases,
                      std::span<ClaimEvidence> claims) {
  std::vector<std::string> ids;
  for (const auto& evidence : claims) {
    ids.push_back(evidence.left.definition_id);
    ids.push_back(evidence.right.definition_id);
  }
  if (ids.empty()) return;
  Groups groups;
  for (RunGroup& group : gather_runs(databases, ids)) {
    const std::string id = group.experiment.id;
    groups.emplace(id, std::move(group));
  }
  for (ClaimEvidence& evidence : claims) Collector(evidence, groups).collect();
}

}  // namespace assay
