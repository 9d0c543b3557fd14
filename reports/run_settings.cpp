// SPDX-License-Identifier: Apache-2.0
#include "reports/run_settings.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "reports/listed.h"

namespace assay {
namespace {

std::string names_text(const std::set<std::string>& names) {
  return listed(std::vector<std::string>(names.begin(), names.end()));
}

std::string short_value(const std::string& value) {
  return value.empty() ? "not recorded" : short_digest(value, 12);
}

// Who was run under which value of one setting.
struct Uses {
  std::map<std::string, std::set<std::string>> by_value;  // names of experiments
  std::set<std::string> pooled;                           // labels of those that mix values
};

std::string warning_of(const std::string& name, const Uses& uses) {
  std::vector<std::string> values;
  for (const auto& [value, names] : uses.by_value) {
    values.push_back(fmt::format("{} ({})", short_value(value), names_text(names)));
  }
  const std::string_view outcome =
      uses.pooled.empty() ? "no mean mixes them, but what tells such rows apart may be that alone"
                          : "they are pooled all the same in ";
  return fmt::format("The runs differ in {}: {}; {}{}.", name, fmt::join(values, ", "), outcome,
                     names_text(uses.pooled));
}

}  // namespace

std::vector<RunSetting> run_settings(const RunRow& run) {
  // Of samples made elsewhere the digest is theirs, and each seed's are other ones.
  const std::string data = run.is_outside() ? "" : run.data_digest.value_or("");
  return {{"device", run.device, true},
          {"smoke", run.smoke ? "yes" : "no", true},
          {"threads", std::to_string(run.threads), false},
          {"data", data, true, true},
          {"code", run.code_digest.value_or(""), false, true}};
}

std::string settings_key(const RunRow& run) {
  std::string key;
  for (const RunSetting& setting : run_settings(run)) {
    if (setting.apart) key += fmt::format("{} = {}\n", setting.name, setting.value);
  }
  return key;
}

std::string differing_settings(const RunRow& left, const RunRow& right) {
  const auto one = run_settings(left), other = run_settings(right);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < one.size(); ++i) {
    if (!one[i].apart || one[i].value == other[i].value) continue;
    parts.push_back(fmt::format("{} ({} / {})", one[i].name, short_value(one[i].value),
                                short_value(other[i].value)));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::vector<std::string> settings_apart(const std::vector<const ExperimentSummary*>& experiments) {
  std::map<std::string, std::set<std::string>> values;
  for (const auto* experiment : experiments) {
    for (const RunSetting& setting : run_settings(experiment->runs.front())) {
      values[setting.name].insert(setting.value);
    }
  }
  std::vector<std::string> texts;
  for (const auto* experiment : experiments) {
    std::vector<std::string> parts;
    for (const RunSetting& setting : run_settings(experiment->runs.front())) {
      if (!setting.apart || values[setting.name].size() < 2) continue;
      parts.push_back(fmt::format("{} = {}", setting.name, short_value(setting.value)));
    }
    texts.push_back(fmt::format("{}", fmt::join(parts, ", ")));
  }
  return texts;
}

std::vector<std::string> settings_warnings(std::span<const PooledRuns> pools) {
  std::vector<std::string> names;
  std::map<std::string, Uses> uses;
  for (const PooledRuns& pool : pools) {
    if (pool.runs.empty()) continue;
    std::map<std::string, std::set<std::string>> own;
    for (const RunRow* run : pool.runs) {
      for (const RunSetting& setting : run_settings(*run)) own[setting.name].insert(setting.value);
    }
    for (const RunSetting& setting : run_settings(*pool.runs.front())) {
      const auto& values = own[setting.name];
      if (setting.within && values.size() < 2) continue;
      if (!uses.contains(setting.name)) names.push_back(setting.name);
      Uses& use = uses[setting.name];
      for (const auto& value : values) use.by_value[value].insert(pool.name);
      if (values.size() > 1) use.pooled.insert(pool.label);
    }
  }
  std::vector<std::string> warnings;
  for (const auto& name : names) {
    if (uses[name].by_value.size() > 1) warnings.push_back(warning_of(name, uses[name]));
  }
  return warnings;
}

std::vector<std::string> settings_warnings(const Report& report) {
  std::vector<PooledRuns> pools;
  for (const auto& experiment : report.experiments) {
    PooledRuns pool{experiment.name, experiment.label, {}};
    for (const RunRow& run : experiment.counted) pool.runs.push_back(&run);
    pools.push_back(std::move(pool));
  }
  return settings_warnings(pools);
}

}  // namespace assay
