// SPDX-License-Identifier: Apache-2.0
#include "reports/planes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>

#include "reports/charts.h"
#include "reports/escape.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/plot.h"

namespace assay {
namespace {

constexpr double kMargin = 12;

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

bool is_ranked(const MetricColumn& column) { return column.better != Direction::kUnknown; }

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
    plane.y_better = metric.better;
    add_plane(report, table, std::move(plane), cost, column_quantity(*column), planes);
  };
  against("seconds a run",
          [](const ExperimentSummary& experiment) { return experiment.wall_seconds; });
  against("seconds for 1000 samples", sampling_seconds);
  against("network evaluations a sample",
          [](const ExperimentSummary& experiment) { return experiment.network_evaluations; });
}

void add_precision_and_recall(const Report& report, const ComparisonTable& table,
                              std::vector<Plane>& planes) {
  const auto fields = [&](std::size_t column) {
    Protocol protocol = report.columns[column].protocol;
    protocol.erase("metric");
    return protocol;
  };
  for (const std::size_t p : table.columns) {
    if (report.columns[p].metric != "precision") continue;
    for (const std::size_t r : table.columns) {
      if (report.columns[r].metric != "recall" || fields(p) != fields(r)) continue;
      Plane plane;
      plane.x_name = report.columns[r].label;
      plane.y_name = report.columns[p].label;
      plane.x_better = plane.y_better = Direction::kHigher;
      add_plane(report, table, std::move(plane), column_quantity(r), column_quantity(p), planes);
    }
  }
}

double low_end(const SeedSummary& value) { return *value.mean - value.sd.value_or(0.0); }
double high_end(const SeedSummary& value) { return *value.mean + value.sd.value_or(0.0); }

Axis axis_of(const Plane& plane, SeedSummary PlanePoint::*member) {
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& point : plane.points) {
    low = std::min(low, low_end(point.*member));
    high = std::max(high, high_end(point.*member));
  }
  return axis_over(low, high);
}

std::string axes(const Frame& frame, const Plane& plane) {
  std::string svg = y_rules(frame) + x_line();
  for (const double tick : frame.x.ticks) {
    const double left = frame.left(tick);
    svg += x_stroke(left) + x_label(left, tick_text(tick));
  }
  return svg + x_name(frame, plane.x_name);
}

// From one point of the front to the next along the corner that both leave free.
std::string front_svg(const Frame& frame, const Plane& plane) {
  std::vector<const PlanePoint*> front;
  for (const auto& point : plane.points) {
    if (point.at_front) front.push_back(&point);
  }
  if (front.size() < 2) return "";
  std::ranges::sort(front, {}, [](const PlanePoint* point) { return *point->x.mean; });
  std::string path;
  for (const PlanePoint* point : front) {
    const double left = frame.left(*point->x.mean), top = frame.top(*point->y.mean);
    if (path.empty()) {
      path = fmt::format("M{:.1f} {:.1f}", left, top);
    } else if (plane.x_better == Direction::kLower) {
      path += fmt::format("H{:.1f}V{:.1f}", left, top);
    } else {
      path += fmt::format("V{:.1f}H{:.1f}", top, left);
    }
  }
  return "<path class=\"front\" d=\"" + path + "\"/>";
}

std::string point_svg(const Frame& frame, const PlanePoint& point) {
  const double left = frame.left(*point.x.mean), top = frame.top(*point.y.mean);
  std::string svg = fmt::format("<g class=\"s{}\">", point.colour);
  if (point.y.sd) {
    svg += fmt::format("<path class=\"spread\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", left,
                       frame.top(high_end(point.y)), frame.top(low_end(point.y)));
  }
  if (point.x.sd) {
    svg += fmt::format("<path class=\"spread\" d=\"M{:.1f} {:.1f}H{:.1f}\"/>",
                       frame.left(low_end(point.x)), top, frame.left(high_end(point.x)));
  }
  return svg +
         fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle></g>",
                     left, top, point.at_front ? 4.2 : 2.8, html_text(point.label));
}

bool is_as_good(double a, double b, Direction better) {
  return better == Direction::kHigher ? a >= b : a <= b;
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

std::string plane_svg(const Plane& plane) {
  const Frame frame{axis_of(plane, &PlanePoint::x), axis_of(plane, &PlanePoint::y), kMargin};
  std::string svg = axes(frame, plane) + front_svg(frame, plane);
  for (const auto& point : plane.points) svg += point_svg(frame, point);
  return plot_svg(plane.id, plane.y_name + " against " + plane.x_name + ", mean ± sd over seeds",
                  svg);
}

std::string plane_table(const Plane& plane) {
  std::string rows;
  for (const auto& point : plane.points) {
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"num\" data-value=\"{}\">{}</td><td class=\"num\" "
        "data-value=\"{}\">{}</td><td>{}</td></tr>",
        html_name(point.label), exact_number_text(*point.x.mean),
        html_text(mean_and_spread_text(point.x)), exact_number_text(*point.y.mean),
        html_text(mean_and_spread_text(point.y)), point.at_front ? "yes" : "");
  }
  return fmt::format(
      "<table><thead><tr><th>experiment</th><th class=\"num\">{}</th><th class=\"num\">{}</th>"
      "<th>at the front</th></tr></thead><tbody>{}</tbody></table>",
      html_text(plane.x_name), html_text(plane.y_name), rows);
}

}  // namespace assay
