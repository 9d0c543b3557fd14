// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <span>
#include <string>
#include <vector>

#include "core/metric_kind.h"
#include "reports/papers/published.h"
#include "reports/papers/verdict.h"

namespace assay {

/// A published value, the experiment that repeats it, and what its runs say.
struct PaperRow {
  const PublishedValue* value = nullptr;
  std::string experiment = {};  ///< that was judged; empty where none repeats it
  PaperVerdict verdict = {};
};

/// All values that are facts, paper by paper in the order of the file, against the runs of these
/// databases (none: nothing was run). `kinds`: of metrics that a database does not explain.
std::vector<PaperRow> paper_coverage(const PublishedValues& published,
                                     std::span<const std::filesystem::path> databases,
                                     std::span<const MetricKind> kinds);

/// "not run: GPU: one, …", "reproduced: 6.1 ± 0.4 (n = 3), −0.2 [−0.9, +0.5] of ± 1.6".
std::string verdict_text(const PublishedValue& value, const PaperVerdict& verdict);

}  // namespace assay
