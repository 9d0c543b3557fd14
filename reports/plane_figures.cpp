// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "core/metric_kind.h"
#include "reports/charts.h"
#include "reports/escape.h"
#include "reports/number_text.h"
#include "reports/planes.h"
#include "reports/plot.h"

namespace assay {
namespace {

constexpr double kMargin = 12;

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
    } else if (plane.x_better == Better::kLower) {
      path += fmt::format("H{:.1f}V{:.1f}", left, top);
    } else {
      path += fmt::format("V{:.1f}H{:.1f}", top, left);
    }
  }
  return "<path class=\"front\" d=\"" + path + "\"/>";
}

// Through the points of each label, in their order.
std::string lines_svg(const Frame& frame, const Plane& plane) {
  std::string svg, path;
  for (std::size_t i = 0; i < plane.points.size(); ++i) {
    const PlanePoint& point = plane.points[i];
    const bool begins = i == 0 || plane.points[i - 1].label != point.label;
    const bool ends = i + 1 == plane.points.size() || plane.points[i + 1].label != point.label;
    path += fmt::format("{}{:.1f} {:.1f}", begins ? "M" : "L", frame.left(*point.x.mean),
                        frame.top(*point.y.mean));
    if (!ends) continue;
    svg += fmt::format("<g class=\"s{}\"><path class=\"line\" d=\"{}\"/></g>", point.colour, path);
    path.clear();
  }
  return svg;
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
  svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"{}\"><title>{}</title></circle></g>",
                     left, top, point.at_front ? 4.2 : 2.8, html_text(point.label));
  if (!point.value) return svg;
  return svg + fmt::format("<text class=\"x\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", left + 12,
                           top - 6, tick_text(*point.value));
}

}  // namespace

std::string plane_svg(const Plane& plane) {
  const Frame frame{axis_of(plane, &PlanePoint::x), axis_of(plane, &PlanePoint::y), kMargin};
  std::string svg = axes(frame, plane);
  svg += plane.key.empty() ? front_svg(frame, plane) : lines_svg(frame, plane);
  for (const auto& point : plane.points) svg += point_svg(frame, point);
  const std::string along = plane.key.empty() ? "" : " along " + plane.key;
  return plot_svg(
      plane.id, plane.y_name + " against " + plane.x_name + along + ", mean ± sd over seeds", svg);
}

std::string plane_table(const Plane& plane) {
  std::string rows;
  for (const auto& point : plane.points) {
    const std::string last =
        point.value ? exact_number_text(*point.value) : std::string(point.at_front ? "yes" : "");
    rows += fmt::format(
        "<tr><td>{}</td><td class=\"num\" data-value=\"{}\">{}</td><td class=\"num\" "
        "data-value=\"{}\">{}</td><td>{}</td></tr>",
        html_name(point.label), exact_number_text(*point.x.mean),
        html_text(mean_and_spread_text(point.x)), exact_number_text(*point.y.mean),
        html_text(mean_and_spread_text(point.y)), last);
  }
  return fmt::format(
      "<table><thead><tr><th>experiment</th><th class=\"num\">{}</th><th class=\"num\">{}</th>"
      "<th>{}</th></tr></thead><tbody>{}</tbody></table>",
      html_text(plane.x_name), html_text(plane.y_name),
      plane.key.empty() ? "at the front" : html_name(plane.key), rows);
}

std::string plane_figure(const Plane& plane) {
  std::string legend, last;
  for (const auto& point : plane.points) {
    if (point.label != last) legend += legend_item(point.colour, html_name(point.label));
    last = point.label;
  }
  const std::string along = plane.key.empty() ? "" : " along " + html_name(plane.key);
  return figure_html({.id = plane.id,
                      .heading = html_text(plane.y_name),
                      .subheading = "against " + html_text(plane.x_name) + along,
                      .drawing = plane_svg(plane),
                      .legend = figure_legend(legend),
                      .numbers = plane_table(plane)});
}

}  // namespace assay
