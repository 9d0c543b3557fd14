// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config/toml_source.h"
#include "reports/report.h"

namespace assay {

/// What an experiment's identity consists of: its definition's values by key, without name, note,
/// seeds and the like. Empty for a definition that cannot be read.
using Settings = std::map<std::string, Value>;
Settings settings_of(const ExperimentSummary& experiment);

/// The number that a key has; nothing if it has none, or a value of another kind.
std::optional<double> number_in(const Settings& settings, const std::string& key);

/// Of settings and how they were run: equal for two of them that differ in the values of
/// `swept_keys` alone, which both have.
std::string all_but(const Settings& settings, std::initializer_list<std::string_view> swept_keys,
                    const RunRow& run);

/// For each experiment the settings in which it differs from some other of them, as
/// "objective.beta = 4, train.batch_size = 32"; empty where nothing is known to differ.
std::vector<std::string> differing_settings(
    const std::vector<const ExperimentSummary*>& experiments);

/// The same of one setting alone that has another value in each of them, as "objective.beta = 4,
/// …": what is trained before how it is scored, of that the extractor first. Empty texts if there
/// is none.
std::vector<std::string> telling_setting(const std::vector<const ExperimentSummary*>& experiments);

}  // namespace assay
