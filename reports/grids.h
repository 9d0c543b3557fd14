// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/metric_kind.h"
#include "reports/report.h"

namespace assay {

struct GridCell {
  double x = 0.0, y = 0.0;     ///< values of the two keys
  std::size_t experiment = 0;  ///< index into Report::experiments
};

/// Experiments whose definitions differ in two numeric keys alone: two values or more of each, and
/// some of one at several of the other.
struct Grid {
  std::string x_key, y_key;  ///< by name
  std::vector<GridCell> cells;
};
std::vector<Grid> grids_of(const std::vector<ExperimentSummary>& experiments);

/// A metric over a grid.
struct HeatCell {
  double x = 0.0, y = 0.0;
  SeedSummary value;  ///< with a mean
};
struct HeatMap {
  std::string id;  ///< of its HTML elements: letters and digits
  std::string x_key, y_key;
  std::string heading;     ///< the metric's label
  std::string subheading;  ///< "lower is better, mean over seeds"
  std::optional<Better> better = {};
  std::vector<HeatCell> cells;
};
/// One map for each grid and metric column that has four cells or more.
std::vector<HeatMap> heat_maps_of(const Report& report);

/// Colour of a cell in [0, 1]: 1 for the best mean (the highest, where nobody says), 0 for the
/// worst, on a log scale from a factor 30 on; 0 where all are equal.
double heat_of(const HeatMap& map, double mean);

/// A static drawing, as chart_svg(): a row for each value of y_key, the lowest below.
std::string heat_svg(const HeatMap& map);
/// The same numbers as an HTML table.
std::string heat_table(const HeatMap& map);

}  // namespace assay
