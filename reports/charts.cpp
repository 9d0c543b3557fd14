// SPDX-License-Identifier: Apache-2.0
#include "reports/charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "reports/escape.h"
#include "reports/number_text.h"
#include "reports/plot.h"

namespace assay {
namespace {

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  double last_image = 0.0;
};

Range range_of(const Chart& chart) {
  Range range;
  for (const auto& series : chart.series) {
    for (const auto& point : series.curve->points) {
      range.low = std::min(range.low, point.low);
      range.high = std::max(range.high, point.high);
      range.last_image = std::max(range.last_image, point.images_seen);
    }
  }
  return range;
}

Frame frame_of(const Chart& chart) {
  const Range range = range_of(chart);
  Axis x = linear_axis(0.0, std::max(range.last_image, 1.0), 4);
  // The curve, not the last tick, ends the axis.
  x.high = std::max(range.last_image, 1.0);
  std::erase_if(x.ticks, [&](double tick) { return tick > x.high; });
  const Axis y =
      chart.log_y ? log_axis(range.low, range.high) : linear_axis(range.low, range.high, 4);
  return {x, y};
}

std::string x_axis(const Frame& frame) {
  std::string svg = x_line();
  for (const double tick : frame.x.ticks) svg += x_label(frame.left(tick), images_text(tick));
  return svg + x_name(frame, "images seen");
}

std::string line_path(const Frame& frame, const SeedCurve& curve) {
  std::string path;
  for (const auto& p : curve.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.left(p.images_seen),
                        frame.top(p.mean));
  }
  return path;
}

std::string band_path(const Frame& frame, const SeedCurve& curve) {
  std::string path;
  for (const auto& p : curve.points) {
    path += fmt::format("{}{:.1f} {:.1f}", path.empty() ? "M" : "L", frame.left(p.images_seen),
                        frame.top(p.high));
  }
  for (auto p = curve.points.rbegin(); p != curve.points.rend(); ++p) {
    path += fmt::format("L{:.1f} {:.1f}", frame.left(p->images_seen), frame.top(p->low));
  }
  return path + "Z";
}

std::string series_svg(const Frame& frame, const ChartSeries& series) {
  const auto& points = series.curve->points;
  if (points.empty()) return "";
  std::string svg = fmt::format("<g class=\"s{}\">", series.colour);
  if (series.curve->seeds > 1) {
    svg += fmt::format("<path class=\"band\" d=\"{}\"/>", band_path(frame, *series.curve));
  }
  svg += fmt::format("<path class=\"line\" d=\"{}\"/>", line_path(frame, *series.curve));
  constexpr std::size_t kFewPoints = 16;
  if (points.size() <= kFewPoints) {
    for (const auto& p : points) {
      svg += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.2\"/>",
                         frame.left(p.images_seen), frame.top(p.mean));
    }
  }
  return svg + "</g>";
}

nlohmann::ordered_json numbers(const SeedCurve& curve, double CurvePoint::*field) {
  auto list = nlohmann::ordered_json::array();
  for (const auto& point : curve.points) {
    list.push_back(std::stod(fmt::format("{:.5g}", point.*field)));
  }
  return list;
}

}  // namespace

bool all_positive(const Chart& chart) { return range_of(chart).low > 0.0; }

bool wants_log(const Chart& chart) {
  const Range range = range_of(chart);
  constexpr double kFlat = 30.0;
  return range.low > 0.0 && range.high / range.low > kFlat;
}

std::string chart_svg(const Chart& chart) {
  const Frame frame = frame_of(chart);
  std::string svg =
      "<g class=\"grid\">" + y_rules(frame) + "</g>" + x_axis(frame) + "<g class=\"marks\">";
  for (const auto& series : chart.series) svg += series_svg(frame, series);
  return plot_svg(chart.id, chart.heading + " over images seen; " + chart.subheading, svg + "</g>");
}

std::string chart_table(const Chart& chart) {
  constexpr std::size_t kRows = 12;
  std::string rows;
  for (const auto& series : chart.series) {
    const auto& points = series.curve->points;
    const std::size_t stride = std::max<std::size_t>(1, (points.size() + kRows - 1) / kRows);
    // From the end backwards, so that the last value is always there.
    std::string own;
    for (std::size_t back = 0; back < points.size(); back += stride) {
      const auto& p = points[points.size() - 1 - back];
      own = fmt::format(
                "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
                "class=\"num\">{}</td>"
                "<td class=\"num\">{}</td></tr>",
                html_text(series.label), images_text(p.images_seen), short_number_text(p.mean),
                short_number_text(p.low), short_number_text(p.high)) +
            own;
    }
    rows += own;
  }
  return "<table><thead><tr><th>curve</th><th class=\"num\">images seen</th><th "
         "class=\"num\">mean</th>"
         "<th class=\"num\">lowest seed</th><th class=\"num\">highest "
         "seed</th></tr></thead><tbody>" +
         rows + "</tbody></table>";
}

std::string chart_json(const Chart& chart) {
  nlohmann::ordered_json json = {{"id", chart.id}, {"log", chart.log_y}};
  json["series"] = nlohmann::ordered_json::array();
  for (const auto& series : chart.series) {
    nlohmann::ordered_json one = {{"label", valid_utf8(series.label)}, {"colour", series.colour}};
    one["x"] = numbers(*series.curve, &CurvePoint::images_seen);
    one["m"] = numbers(*series.curve, &CurvePoint::mean);
    if (series.curve->seeds > 1) {
      one["lo"] = numbers(*series.curve, &CurvePoint::low);
      one["hi"] = numbers(*series.curve, &CurvePoint::high);
    }
    json["series"].push_back(std::move(one));
  }
  return json.dump();
}

}  // namespace assay
