// SPDX-License-Identifier: Apache-2.0
#include "reports/sweep_charts.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>

#include "core/metric_kind.h"
#include "reports/charts.h"
#include "reports/escape.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/plot.h"

namespace assay {
namespace {

// Room beside the outermost marks, and between labels below the axis.
constexpr double kMargin = 14, kLabelRoom = 30;

Axis x_axis_of(const std::set<double>& values) {
  constexpr double kFactor = 8.0;
  Axis axis;
  axis.low = *values.begin();
  axis.high = *values.rbegin();
  axis.log = axis.low > 0.0 && axis.high / axis.low >= kFactor;
  axis.ticks.assign(values.begin(), values.end());
  // Means of one value only: in the middle.
  if (values.size() == 1) axis = linear_axis(axis.low, axis.high, 2);
  return axis;
}

Frame frame_of(const SweepChart& chart) {
  std::set<double> values;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& series : chart.series) {
    for (const auto& mark : series.marks) {
      values.insert(mark.x);
      low = std::min(low, low_end(mark.y));
      high = std::max(high, high_end(mark.y));
    }
  }
  return {x_axis_of(values), axis_over(low, high), kMargin};
}

std::string bottom(const Frame& frame, const std::string& key) {
  std::string svg = x_line();
  double last = -kLabelRoom;
  for (const double tick : frame.x.ticks) {
    const double left = frame.left(tick);
    svg += x_stroke(left);
    if (left - last < kLabelRoom) continue;
    last = left;
    svg += x_label(left, tick_text(tick));
  }
  return svg + x_name(frame, key);
}

// From mean − sd to mean + sd, over the marks that have one.
std::string band_svg(const Frame& frame, const SweepSeries& series) {
  std::string above, below;
  std::size_t corners = 0;
  for (const auto& mark : series.marks) {
    if (!mark.y.sd) continue;
    const double left = frame.left(mark.x);
    above += fmt::format("{}{:.1f} {:.1f}", corners++ == 0 ? "M" : "L", left,
                         frame.top(high_end(mark.y)));
    below = fmt::format("L{:.1f} {:.1f}", left, frame.top(low_end(mark.y))) + below;
  }
  return corners < 2 ? "" : "<path class=\"band\" d=\"" + above + below + "Z\"/>";
}

std::string series_svg(const Frame& frame, const SweepSeries& series) {
  std::string line, marks;
  for (const auto& mark : series.marks) {
    const double left = frame.left(mark.x), top = frame.top(*mark.y.mean);
    line += fmt::format("{}{:.1f} {:.1f}", line.empty() ? "M" : "L", left, top);
    if (mark.y.sd) {
      marks += fmt::format("<path class=\"spread\" d=\"M{:.1f} {:.1f}V{:.1f}\"/>", left,
                           frame.top(high_end(mark.y)), frame.top(low_end(mark.y)));
    }
    marks += fmt::format("<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.6\"/>", left, top);
  }
  return fmt::format("<g class=\"s{}\">{}<path class=\"line\" d=\"{}\"/>{}</g>", series.colour,
                     band_svg(frame, series), line, marks);
}

std::vector<SweepMark> marks_of(const Report& report, const Sweep& sweep, std::size_t column) {
  std::vector<SweepMark> marks;
  for (const auto& point : sweep.points) {
    const auto* metric = metric_in(report.experiments[point.experiment], column);
    if (metric != nullptr && metric->last.mean) marks.push_back({point.x, metric->last});
  }
  return marks;
}

std::string remark_of(const MetricColumn& column) {
  std::string text;
  for (const auto& difference : column.difference) text += difference + ", ";
  if (column.better == Better::kLower) text += "lower is better, ";
  if (column.better == Better::kHigher) text += "higher is better, ";
  return text + "mean ± sd over seeds";
}

}  // namespace

std::vector<SweepChart> sweep_charts_of(const Report& report) {
  std::vector<SweepChart> charts;
  std::set<std::string> done;
  for (const auto& first : report.sweeps) {
    if (!done.insert(first.key).second) continue;
    for (std::size_t column = 0; column < report.columns.size(); ++column) {
      SweepChart chart;
      chart.key = first.key;
      chart.heading = report.columns[column].label;
      chart.subheading = remark_of(report.columns[column]);
      for (const auto& sweep : report.sweeps) {
        if (sweep.key != first.key) continue;
        auto marks = marks_of(report, sweep, column);
        if (marks.size() < 2) continue;
        chart.series.push_back({sweep.label, chart.series.size() % kPaletteSize, std::move(marks)});
      }
      if (chart.series.empty()) continue;
      chart.id = fmt::format("sweep{}", charts.size());
      charts.push_back(std::move(chart));
    }
  }
  return charts;
}

std::string sweep_svg(const SweepChart& chart) {
  const Frame frame = frame_of(chart);
  std::string svg = "<g class=\"grid\">" + y_rules(frame) + "</g>" + bottom(frame, chart.key);
  for (const auto& series : chart.series) svg += series_svg(frame, series);
  return plot_svg(chart.id, chart.heading + " over " + chart.key + "; " + chart.subheading, svg);
}

std::string sweep_table(const SweepChart& chart) {
  std::string rows;
  for (const auto& series : chart.series) {
    for (const auto& mark : series.marks) {
      rows += fmt::format(
          "<tr><td>{}</td><td class=\"num\">{}</td><td class=\"num\">{}</td><td "
          "class=\"num\">{}</td></tr>",
          html_name(series.label), short_number_text(mark.x),
          html_text(mean_and_spread_text(mark.y)), mark.y.n);
    }
  }
  return fmt::format(
      "<table><thead><tr><th>experiments</th><th class=\"num\">{}</th><th class=\"num\">mean ± "
      "sd</th><th class=\"num\">seeds</th></tr></thead><tbody>{}</tbody></table>",
      html_name(chart.key), rows);
}

}  // namespace assay
