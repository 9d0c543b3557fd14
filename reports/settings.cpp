// SPDX-License-Identifier: Apache-2.0
#include "reports/settings.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>

#include "core/error.h"
#include "reports/run_settings.h"

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

std::optional<double> number_in(const Settings& settings, const std::string& key) {
  const auto found = settings.find(key);
  if (found == settings.end()) return std::nullopt;
  if (const auto* whole = std::get_if<std::int64_t>(&found->second))
    return static_cast<double>(*whole);
  if (const auto* real = std::get_if<double>(&found->second)) return *real;
  return std::nullopt;
}

std::string all_but(const Settings& settings, std::initializer_list<std::string_view> swept_keys,
                    const RunRow& run) {
  std::string text = settings_key(run);
  for (const auto& [key, value] : settings) {
    const bool swept = std::ranges::find(swept_keys, key) != swept_keys.end();
    text += key + (swept ? "\n" : " = " + to_toml(value) + "\n");
  }
  return text;
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

std::vector<std::string> telling_setting(const std::vector<const ExperimentSummary*>& experiments) {
  std::map<std::string, std::set<std::string>> values;  // by key
  std::vector<Settings> all;
  for (const auto* experiment : experiments) {
    all.push_back(settings_of(*experiment));
    for (const auto& [path, value] : all.back()) values[path].insert(to_toml(value));
  }
  const auto place = [](std::string_view path) {
    if (path == "eval.extractor") return 1;
    return path.starts_with("eval.") ? 2 : 0;
  };
  std::optional<std::string> telling;
  for (const auto& [path, texts] : values) {
    const std::string& key = path;
    const bool has_it_each =
        std::ranges::all_of(all, [&](const Settings& settings) { return settings.contains(key); });
    if (!has_it_each || texts.size() != all.size()) continue;
    if (!telling || place(path) < place(*telling)) telling = path;
  }
  std::vector<std::string> found(all.size());
  if (!telling) return found;
  for (std::size_t i = 0; i < all.size(); ++i)
    found[i] = *telling + " = " + to_toml(all[i].at(*telling)) + ", …";
  return found;
}

}  // namespace assay
