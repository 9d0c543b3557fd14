// SPDX-License-Identifier: Apache-2.0
#include "reports/planes.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <optional>
#include <set>

#include "core/metric_kind.h"
#include "reports/charts.h"
#include "reports/metric_columns.h"

namespace assay {
namespace {

using Quantity = std::function<SeedSummary(const ExperimentSummary&)>;

// Seconds for 1000 samples, of the mean speed: its own spread is the table's.
SeedSummary sampling_seconds(const ExperimentSummary& experiment) {
  for (const SpeedSummary& speed : experiment.speeds) {
    const auto& rate = speed.images_per_second.mean;
    if (speed.phase != "sample" || !rate || *rate <= 0.0) continue;
    const double seconds = 1000.0 / *rate;
    return summarise({&seconds, 1});
  }
  return {};
}

SeedSummary in_column(const ExperimentSummary& experiment, std::size_t column) {
  const MetricSummary* metric = metric_in(experiment, column);
  return metric == nullptr ? SeedSummary{} : metric->last;
}

bool is_ranked(const MetricColumn& column) { return column.better != std::nullopt; }

// Points of one table: experiments that have both.
void add_plane(const Report& report, const ComparisonTable& table, Plane plane, const Quantity& x,
               const Quantity& y, std::vector<Plane>& planes) {
  for (const std::size_t e : table.experiments) {
    const ExperimentSummary& experiment = report.experiments[e];
    PlanePoint point{experiment.label, e % kPaletteSize, x(experiment), y(experiment)};
    if (point.x.mean && point.y.mean) plane.points.push_back(std::move(point));
  }
  if (plane.points.size() < 2) return;
  plane.id = fmt::format("plane{}", planes.size());
  mark_front(plane);
  planes.push_back(std::move(plane));
}

Quantity column_quantity(std::size_t column) {
  return [column](const ExperimentSummary& experiment) { return in_column(experiment, column); };
}

void add_costs(const Report& report, const ComparisonTable& table, std::vector<Plane>& planes) {
  const auto column = std::ranges::find_if(
      table.columns, [&](std::size_t c) { return is_ranked(report.columns[c]); });
  if (column == table.columns.end()) return;
  const MetricColumn& metric = report.columns[*column];
  const auto against = [&](const std::string& name, const Quantity& cost) {
    Plane plane;
    plane.x_name = name;
    plane.y_name = metric.label;
    plane.y_better = *metric.better;
    add_plane(report, table, std::move(plane), cost, column_quantity(*column), planes);
  };
  against("seconds a run",
          [](const ExperimentSummary& experiment) { return experiment.wall_seconds; });
  against("seconds for 1000 samples", sampling_seconds);
  against("network evaluations a sample",
          [](const ExperimentSummary& experiment) { return experiment.network_evaluations; });
}

/// Columns of precision and recall under one protocol.
struct PrecisionAndRecall {
  std::size_t precision = 0, recall = 0;
  Plane plane;  ///< without points
};

std::vector<PrecisionAndRecall> precision_and_recall(const Report& report) {
  const auto fields = [&](std::size_t column) {
    Protocol protocol = report.columns[column].protocol;
    protocol.erase("metric");
    return protocol;
  };
  std::vector<PrecisionAndRecall> pairs;
  for (std::size_t p = 0; p < report.columns.size(); ++p) {
    if (report.columns[p].metric != "precision") continue;
    for (std::size_t r = 0; r < report.columns.size(); ++r) {
      if (report.columns[r].metric != "recall" || fields(p) != fields(r)) continue;
      PrecisionAndRecall pair{p, r, {}};
      pair.plane.x_name = report.columns[r].label;
      pair.plane.y_name = report.columns[p].label;
      pair.plane.x_better = pair.plane.y_better = Better::kHigher;
      pairs.push_back(std::move(pair));
    }
  }
  return pairs;
}

void add_precision_and_recall(const Report& report, const ComparisonTable& table,
                              std::vector<Plane>& planes) {
  const auto shown = [&](std::size_t column) {
    return std::ranges::find(table.columns, column) != table.columns.end();
  };
  for (auto& [p, r, plane] : precision_and_recall(report)) {
    if (!shown(p) || !shown(r)) continue;
    add_plane(report, table, std::move(plane), column_quantity(r), column_quantity(p), planes);
  }
}

std::vector<PlanePoint> points_along(const Report& report, const Sweep& sweep,
                                     const PrecisionAndRecall& pair) {
  std::vector<PlanePoint> points;
  for (const auto& [value, e] : sweep.points) {
    const ExperimentSummary& experiment = report.experiments[e];
    PlanePoint point{sweep.label, 0, in_column(experiment, pair.recall),
                     in_column(experiment, pair.precision)};
    point.value = value;
    if (point.x.mean && point.y.mean) points.push_back(std::move(point));
  }
  return points;
}

bool is_as_good(double a, double b, Better better) {
  return better == Better::kHigher ? a >= b : a <= b;
}

}  // namespace

std::vector<Plane> planes_of(const Report& report) {
  std::vector<Plane> planes;
  for (const auto& table : comparison_tables(report)) {
    add_costs(report, table, planes);
    add_precision_and_recall(report, table, planes);
  }
  return planes;
}

std::vector<Plane> sweep_planes_of(const Report& report) {
  std::vector<Plane> planes;
  std::set<std::string> done;
  for (const auto& first : report.sweeps) {
    if (!done.insert(first.key).second) continue;
    for (const PrecisionAndRecall& pair : precision_and_recall(report)) {
      Plane plane = pair.plane;
      plane.key = first.key;
      std::size_t lines = 0;
      for (const auto& sweep : report.sweeps) {
        auto points =
            sweep.key == first.key ? points_along(report, sweep, pair) : std::vector<PlanePoint>();
        if (points.size() < 2) continue;
        for (auto& point : points) point.colour = lines % kPaletteSize;
        ++lines;
        std::ranges::move(points, std::back_inserter(plane.points));
      }
      if (plane.points.empty()) continue;
      plane.id = fmt::format("sweepplane{}", planes.size());
      planes.push_back(std::move(plane));
    }
  }
  return planes;
}

void mark_front(Plane& plane) {
  for (PlanePoint& one : plane.points) {
    one.at_front = std::ranges::none_of(plane.points, [&](const PlanePoint& other) {
      const double x = *other.x.mean, y = *other.y.mean;
      const bool equal = x == *one.x.mean && y == *one.y.mean;
      return !equal && is_as_good(x, *one.x.mean, plane.x_better) &&
             is_as_good(y, *one.y.mean, plane.y_better);
    });
  }
}

}  // namespace assay
