// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "reports/report.h"

namespace assay {

/// An experiment with a mean in a column.
struct Ranked {
  const ExperimentSummary* experiment = nullptr;
  const MetricSummary* metric = nullptr;
};

/// Experiments by their mean in this column, the best first, equal ones as the report has them.
/// Empty for a metric of which nobody knows whether lower or higher is better.
std::vector<Ranked> ranking_in(const Report& report, std::size_t column);

/// How many share the best mean to the last bit: with two or more there is no best one.
std::size_t level_at_the_top(std::span<const Ranked> ranking);

}  // namespace assay
