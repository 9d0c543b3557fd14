// SPDX-License-Identifier: Apache-2.0
#include "reports/sweeps.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>

#include "reports/settings.h"

namespace assay {
namespace {

constexpr std::size_t kFewestPoints = 3;

// What the names have in common at their beginning, up to a whole word.
std::string common_name(const std::vector<ExperimentSummary>& experiments, const Sweep& sweep) {
  const auto& first = experiments[sweep.points.front().experiment];
  std::string common = first.name;
  bool equal = true;
  for (const auto& point : sweep.points) {
    const std::string& name = experiments[point.experiment].name;
    equal = equal && name == first.name;
    const auto differs = std::ranges::mismatch(common, name).in1;
    common.erase(differs, common.end());
  }
  if (equal) return common;
  const auto end = common.find_last_of("/_- ");
  common.erase(end == std::string::npos ? 0 : end);
  return common.empty() ? first.family : common;
}

// Sweeps of one key with one label are told apart by their first experiment's id.
void label_sweeps(const std::vector<ExperimentSummary>& experiments, std::vector<Sweep>& sweeps) {
  std::map<std::pair<std::string, std::string>, int> uses;
  for (auto& sweep : sweeps) {
    sweep.label = common_name(experiments, sweep);
    ++uses[{sweep.key, sweep.label}];
  }
  constexpr std::size_t kShortId = 8;
  for (auto& sweep : sweeps) {
    if (uses[{sweep.key, sweep.label}] == 1) continue;
    sweep.label += " · " + experiments[sweep.points.front().experiment].id.substr(0, kShortId);
  }
}

}  // namespace

std::vector<Sweep> find_sweeps(const std::vector<ExperimentSummary>& experiments) {
  // By key, then by everything else.
  std::map<std::string, std::map<std::string, Sweep>> found;
  for (std::size_t e = 0; e < experiments.size(); ++e) {
    const Settings settings = settings_of(experiments[e]);
    for (const auto& [path, value] : settings) {
      const auto x = number_in(settings, path);
      if (!x) continue;
      Sweep& sweep = found[path][all_but(settings, {path}, experiments[e].runs.front())];
      sweep.key = path;
      sweep.points.push_back({*x, e});
    }
  }
  std::vector<Sweep> sweeps;
  for (auto& [key, by_rest] : found) {
    for (auto& [rest, sweep] : by_rest) {
      if (sweep.points.size() < kFewestPoints) continue;
      std::ranges::sort(sweep.points, {}, &SweepPoint::x);
      sweeps.push_back(std::move(sweep));
    }
  }
  label_sweeps(experiments, sweeps);
  return sweeps;
}

}  // namespace assay
