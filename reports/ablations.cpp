// SPDX-License-Identifier: Apache-2.0
#include "reports/ablations.h"

#include <algorithm>
#include <map>
#include <set>

#include "reports/run_settings.h"
#include "reports/settings.h"

namespace assay {
namespace {

constexpr std::size_t kMostChanges = 4;

std::string value_text(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  return found == settings.end() ? "–" : to_toml(found->second);
}

std::vector<ChangedKey> changed_keys(const Settings& base, const Settings& other) {
  std::vector<ChangedKey> changes;
  if (base.empty() || other.empty()) return changes;
  Settings all = base;
  all.insert(other.begin(), other.end());
  for (const auto& [key, value] : all) {
    ChangedKey change{key, value_text(base, key), value_text(other, key)};
    if (change.base != change.other) changes.push_back(std::move(change));
  }
  return changes;
}

// Members of one family that were run alike.
using Members = std::vector<std::size_t>;

std::map<std::string, Members> families_in(const Report& report) {
  std::map<std::string, Members> families;
  for (std::size_t e = 0; e < report.experiments.size(); ++e) {
    const auto& experiment = report.experiments[e];
    families[experiment.family + "\n" + settings_key(experiment.runs.front())].push_back(e);
  }
  return families;
}

Ladder around(const Report& report, const std::vector<Settings>& settings, const Members& members,
              std::size_t base) {
  Ladder ladder{report.experiments[base].label, {}};
  for (const std::size_t other : members) {
    auto changes = changed_keys(settings[base], settings[other]);
    const bool fits = other == base || (!changes.empty() && changes.size() <= kMostChanges);
    if (fits) ladder.rungs.push_back({other, std::move(changes)});
  }
  std::ranges::stable_sort(ladder.rungs, {}, [](const Rung& rung) { return rung.changes.size(); });
  return ladder;
}

std::size_t single_changes(const Ladder& ladder) {
  return static_cast<std::size_t>(std::ranges::count_if(
      ladder.rungs, [](const Rung& rung) { return rung.changes.size() == 1; }));
}

bool is_ladder(const Ladder& ladder) {
  std::set<std::string> keys;
  for (const Rung& rung : ladder.rungs) {
    if (rung.changes.size() == 1) keys.insert(rung.changes.front().key);
  }
  return keys.size() > 1;
}

}  // namespace

std::vector<ChangedKey> changed_keys(const ExperimentSummary& base,
                                     const ExperimentSummary& other) {
  return changed_keys(settings_of(base), settings_of(other));
}

std::vector<Ladder> ladders_of(const Report& report) {
  std::vector<Settings> settings;
  for (const auto& experiment : report.experiments) settings.push_back(settings_of(experiment));
  std::vector<Ladder> ladders;
  for (const auto& [family, members] : families_in(report)) {
    Ladder best;
    for (const std::size_t base : members) {
      Ladder one = around(report, settings, members, base);
      if (single_changes(one) > single_changes(best)) best = std::move(one);
    }
    if (is_ladder(best)) ladders.push_back(std::move(best));
  }
  return ladders;
}

}  // namespace assay
