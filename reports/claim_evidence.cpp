// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_evidence.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "core/metric_kind.h"
#include "reports/gather.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/run_settings.h"
#include "results/queries.h"
#include "results/run_queries.h"

namespace assay {
namespace {

using RunsOfSeeds = std::map<std::pair<std::string, std::uint64_t>, FoundRun>;  // by definition too
using Protocols = std::map<std::string, Protocol>;                              // by id

std::string absence(const RunRow& run) {
  return fmt::format("{}{}", run.status == "running" ? "still runs" : run.status,
                     run.reason.empty() ? "" : ": " + run.reason);
}

std::string commit_of(const RunRow& run) { return run.commit_id + (run.dirty ? " + changes" : ""); }

bool is_asked_for(const MetricRow& row, const MetricName& wanted) {
  if (row.name != wanted.metric) return false;
  if (wanted.extractor.empty()) return true;
  const auto extractor = row.protocol.find("extractor");
  return extractor != row.protocol.end() && extractor->second == wanted.extractor;
}

class Collector {
 public:
  Collector(ClaimEvidence& evidence, const RunsOfSeeds& runs)
      : evidence_(evidence), runs_(runs), wanted_(split_metric(evidence.claim.metric)) {}

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
    for (const std::uint64_t seed : std::set(side.seeds.begin(), side.seeds.end())) {
      const auto found = runs_.find({side.definition_id, seed});
      if (found == runs_.end()) {
        miss(side, seed, "was not run");
      } else if (found->second.row.status == "complete") {
        read(side, found->second);
      } else if (found->second.row.status == "diverged") {
        lose(side, found->second, absence(found->second.row));
      } else {
        miss(side, seed, absence(found->second.row));
      }
    }
  }

  void miss(const ClaimSide& side, std::uint64_t seed, std::string_view why) {
    evidence_.missing.push_back(fmt::format("seed {} of {} {}", seed, side.experiment, why));
  }

  // It is what the training came to, and ranks worst.
  void lose(ClaimSide& side, const FoundRun& run, const std::string& why) {
    const auto kinds = metric_kinds_of(*run.database);
    const MetricKind* kind = kind_of(kinds, wanted_.metric);
    if (kind == nullptr) {
      miss(side, run.row.seed, why);
      return;
    }
    add(side, run, worst_value(kind->better)).lost = why;
  }

  ClaimValue& add(ClaimSide& side, const FoundRun& run, double value) {
    side.values.push_back({run.row.seed, run.row.uuid, value, commit_of(run.row), {}});
    for (const RunSetting& setting : run_settings(run.row)) {
      side.values.back().settings[setting.name] = setting.value;
    }
    return side.values.back();
  }

  void read(ClaimSide& side, const FoundRun& run) {
    bool known = false;
    for (const MetricRow& row : final_metrics_of(*run.database, run.row.number)) {
      if (!is_asked_for(row, wanted_)) continue;
      protocols_.emplace(measurement_id(row), measurement_of(row.protocol));
      if (known) continue;  // under a second protocol: refused for that
      known = true;
      if (std::isfinite(row.value)) {
        add(side, run, row.value);
      } else {
        lose(side, run,
             fmt::format("has {} = {}", evidence_.claim.metric, exact_number_text(row.value)));
      }
    }
    if (!known) miss(side, run.row.seed, "has no " + evidence_.claim.metric);
  }

  ClaimEvidence& evidence_;
  const RunsOfSeeds& runs_;
  const MetricName wanted_;
  Protocols protocols_;
};

}  // namespace

void collect_evidence(std::span<const std::filesystem::path> databases,
                      std::span<const std::string> uuids, std::span<ClaimEvidence> claims) {
  std::vector<std::string> ids;
  for (const auto& evidence : claims) {
    ids.push_back(evidence.left.definition_id);
    ids.push_back(evidence.right.definition_id);
  }
  if (ids.empty()) return;
  const std::set<std::string> counted(uuids.begin(), uuids.end());
  RunsOfSeeds runs;
  const auto gathered = gather_runs(databases, {.experiments = ids, .with_hidden = true});
  for (const RunGroup& group : gathered.groups) {
    for (const FoundRun& run : group.all) {
      if (counted.contains(run.row.uuid))
        runs.emplace(std::pair(group.experiment.id, run.row.seed), run);
    }
  }
  for (ClaimEvidence& evidence : claims) Collector(evidence, runs).collect();
}

}  // namespace assay
