// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "config/toml_source.h"
#include "reports/report.h"

namespace assay {

/// What an experiment's identity consists of: its definition's values by key, without name, note,
/// seeds and the like. Empty for a definition that cannot be read.
using Settings = std::map<std::string, Value>;
Settings settings_of(const ExperimentSummary& experiment);

/// For each experiment the settings in which it differs from some other of them, as
/// "objective.beta = 4, train.batch_size = 32"; empty where nothing is known to differ.
std::vector<std::string> differing_settings(
    const std::vector<const ExperimentSummary*>& experiments);

}  // namespace assay
