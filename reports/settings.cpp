// SPDX-License-Identifier: Apache-2.0
#include "reports/settings.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/error.h"

namespace assay {
namespace {

constexpr std::array<std::string_view, 9> kNoIdentity = {
    "name",     "note",         "seeds",
    "tier",     "reproduces",   "extends",
    "revision", "dataset.path", "train.checkpoint_every_images"};

}  // namespace

Settings settings_of(const ExperimentSummary& experiment) {
  Settings settings;
  try {
    for (const auto& [path, source] : parse_toml(experiment.definition, experiment.name).values) {
      if (std::ranges::find(kNoIdentity, path) == kNoIdentity.end()) settings[path] = source.value;
    }
  } catch (const Error&) {
    return {};
  }
  return settings;
}

std::vector<std::string> differing_settings(
    const std::vector<const ExperimentSummary*>& experiments) {
  std::vector<Settings> all;
  std::map<std::string, std::set<std::string>> values;
  for (const auto* experiment : experiments) {
    all.push_back(settings_of(*experiment));
    for (const auto& [path, value] : all.back()) values[path].insert(to_toml(value));
  }
  std::vector<std::string> texts;
  for (const Settings& settings : all) {
    std::string text;
    for (const auto& [path, value] : settings) {
      if (values[path].size() < 2) continue;
      text += (text.empty() ? "" : ", ") + path + " = " + to_toml(value);
    }
    texts.push_back(text);
  }
  return texts;
}

}  // namespace assay
