// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <nlohmann/json.hpp>

#include "reports/comparison/compare.h"

namespace assay {

/// effect, low, high, p, n, verdict and all else that a decision holds; null where there is none.
nlohmann::ordered_json decision_json(const Decision& decision);

/// Scores by seed.
nlohmann::ordered_json scores_json(const Sample& sample);

enum class JsonScores { kNone, kBySeed };
/// [{"left", "right", "metrics": {"fd@pixels": {"effect", "low", …, "sentence"}}}].
nlohmann::ordered_json pairs_json(const Comparison& comparison, JsonScores scores);

/// {"entries": [...], "comparisons": [{"left", "right", "metrics": {"fd@pixels": {"effect", "low",
/// "high", "p", "n", "verdict", …}}}], "notes": [...]}.
nlohmann::ordered_json compare_json(const Comparison& comparison);

}  // namespace assay
