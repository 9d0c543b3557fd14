// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "core/metric_kind.h"
#include "reports/report.h"

namespace assay {

/// An experiment among others of two quantities.
struct PlanePoint {
  std::string label;                 ///< of the experiment, or of its sweep
  std::size_t colour = 0;            ///< index into the palette of report.css
  SeedSummary x, y;                  ///< with means
  bool at_front = false;             ///< no other is as good in both and better in one, by means
  std::optional<double> value = {};  ///< of Plane::key
};

/// Two quantities of experiments against each other, and those that no other beats in both; or,
/// along a swept key, the lines that points of one label make in their order.
struct Plane {
  std::string id;  ///< of its HTML elements: letters and digits
  std::string x_name, y_name;
  Better x_better = Better::kLower, y_better = Better::kLower;
  std::vector<PlanePoint> points;
  std::string key = {};  ///< that is swept; empty: none
};

/// For each comparison table its first metric with a direction against seconds of a run, seconds
/// for 1000 samples and network evaluations of a sample; and precision against recall where both
/// stand under one protocol. Those with two points or more.
std::vector<Plane> planes_of(const Report& report);

/// For each swept key precision against recall along it (of truncation: Kynkäänniemi et al. 2019,
/// fig. 4), where both stand under one protocol; of sweeps with two such points or more.
std::vector<Plane> sweep_planes_of(const Report& report);

/// Marks the points that no other dominates: at least as good in x and y, and better in one
/// (Pareto's front of the means).
void mark_front(Plane& plane);

/// A static drawing, as chart_svg(): points with their spreads, and the front as steps; along a key
/// lines, and at each point its value. An axis is logarithmic from a factor 30 on, if all is
/// positive.
std::string plane_svg(const Plane& plane);
/// The same numbers as an HTML table.
std::string plane_table(const Plane& plane);
/// Both, with the labels.
std::string plane_figure(const Plane& plane);

}  // namespace assay
