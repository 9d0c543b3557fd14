// SPDX-License-Identifier: Apache-2.0
#include "reports/grids.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <set>

#include "core/metric_kind.h"
#include "reports/escape.h"
#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/plot.h"
#include "reports/settings.h"

namespace assay {
namespace {

// A row of cells, and the room left of them.
constexpr double kRow = 34, kRowNames = 54;

// Numeric keys of which the experiments have more than one value.
std::vector<std::string> varying_keys(const std::vector<Settings>& all) {
  std::map<std::string, std::set<double>> values;
  for (const Settings& settings : all) {
    for (const auto& [key, value] : settings) {
      if (const auto number = number_in(settings, key)) values[key].insert(*number);
    }
  }
  std::vector<std::string> keys;
  for (const auto& [key, numbers] : values) {
    if (numbers.size() > 1) keys.push_back(key);
  }
  return keys;
}

// Some value of each key meets two or more of the other: not a line, nor a diagonal.
bool is_grid(const Grid& grid) {
  std::map<double, std::set<double>> of_x, of_y;
  for (const auto& cell : grid.cells) {
    of_x[cell.x].insert(cell.y);
    of_y[cell.y].insert(cell.x);
  }
  const auto meets_two = [](const auto& one) { return one.second.size() > 1; };
  return grid.cells.size() >= 4 && std::ranges::count_if(of_x, meets_two) > 1 &&
         std::ranges::count_if(of_y, meets_two) > 1;
}

std::vector<double> values_of(const HeatMap& map, double HeatCell::*key) {
  std::set<double> values;
  for (const auto& cell : map.cells) values.insert(cell.*key);
  return {values.begin(), values.end()};
}

double place_in(const std::vector<double>& values, double value) {
  return static_cast<double>(std::ranges::find(values, value) - values.begin());
}

std::string remark_of(const MetricColumn& column) {
  std::string text;
  for (const auto& difference : column.difference) text += difference + ", ";
  if (column.better == Better::kLower) text += "lower is better, ";
  if (column.better == Better::kHigher) text += "higher is better, ";
  return text + "mean over seeds";
}

}  // namespace

std::vector<Grid> grids_of(const std::vector<ExperimentSummary>& experiments) {
  std::vector<Settings> all;
  for (const auto& experiment : experiments) all.push_back(settings_of(experiment));
  const std::vector<std::string> keys = varying_keys(all);
  std::vector<Grid> grids;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    for (std::size_t j = i + 1; j < keys.size(); ++j) {
      std::map<std::string, Grid> by_rest;
      for (std::size_t e = 0; e < all.size(); ++e) {
        const auto x = number_in(all[e], keys[i]), y = number_in(all[e], keys[j]);
        if (!x || !y) continue;
        Grid& grid = by_rest[all_but(all[e], {keys[i], keys[j]}, experiments[e].runs.front())];
        grid.x_key = keys[i];
        grid.y_key = keys[j];
        grid.cells.push_back({*x, *y, e});
      }
      for (auto& [rest, grid] : by_rest) {
        if (is_grid(grid)) grids.push_back(std::move(grid));
      }
    }
  }
  return grids;
}

std::vector<HeatMap> heat_maps_of(const Report& report) {
  constexpr std::size_t kFewest = 4;
  std::vector<HeatMap> maps;
  for (const Grid& grid : grids_of(report.experiments)) {
    for (std::size_t column = 0; column < report.columns.size(); ++column) {
      HeatMap map;
      for (const auto& cell : grid.cells) {
        const auto* metric = metric_in(report.experiments[cell.experiment], column);
        if (metric != nullptr && metric->last.mean)
          map.cells.push_back({cell.x, cell.y, metric->last});
      }
      if (map.cells.size() < kFewest) continue;
      map.id = fmt::format("heat{}", maps.size());
      map.x_key = grid.x_key;
      map.y_key = grid.y_key;
      map.heading = report.columns[column].label;
      map.subheading = remark_of(report.columns[column]);
      map.better = report.columns[column].better;
      maps.push_back(std::move(map));
    }
  }
  return maps;
}

double heat_of(const HeatMap& map, double mean) {
  constexpr double kFlat = 30.0;
  double low = std::numeric_limits<double>::infinity(), high = -low;
  for (const auto& cell : map.cells) {
    low = std::min(low, *cell.value.mean);
    high = std::max(high, *cell.value.mean);
  }
  if (low == high) return 0.0;
  const bool log = low > 0.0 && high / low > kFlat;
  const double share =
      log ? std::log(mean / low) / std::log(high / low) : (mean - low) / (high - low);
  return map.better == Better::kLower ? 1.0 - share : share;
}

std::string heat_svg(const HeatMap& map) {
  const auto columns = values_of(map, &HeatCell::x), rows = values_of(map, &HeatCell::y);
  const double width = (kWidth - kRowNames - kRight) / static_cast<double>(columns.size());
  const double base = kTop + kRow * static_cast<double>(rows.size());
  std::string svg;
  for (const auto& cell : map.cells) {
    const double left = kRowNames + width * place_in(columns, cell.x);
    const double top = base - kRow * (1.0 + place_in(rows, cell.y));
    // Never so dark that the number on it cannot be read.
    svg += fmt::format(
        "<rect class=\"heat\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
        "fill-opacity=\"{:.3f}\"/><text class=\"x cell\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
        left + 1, top + 1, width - 2, kRow - 2, 0.06 + 0.44 * heat_of(map, *cell.value.mean),
        left + width / 2, top + kRow / 2 + 4, short_number_text(*cell.value.mean, 3));
  }
  for (const double y : rows) {
    svg += fmt::format("<text class=\"y\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", kRowNames - 6,
                       base - kRow * (0.5 + place_in(rows, y)) + 4, tick_text(y));
  }
  for (const double x : columns) {
    svg += fmt::format("<text class=\"x\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>",
                       kRowNames + width * (0.5 + place_in(columns, x)), base + 14, tick_text(x));
  }
  svg += fmt::format("<text class=\"x name\" x=\"{:.1f}\" y=\"{:.1f}\">{} across, {} up</text>",
                     kWidth / 2, base + kBottom - 4, html_text(map.x_key), html_text(map.y_key));
  const std::string title =
      fmt::format("{} over {} and {}; {}", map.heading, map.x_key, map.y_key, map.subheading);
  return plot_svg(map.id, title, svg, base + kBottom);
}

std::string heat_table(const HeatMap& map) {
  std::string rows;
  for (const auto& cell : map.cells) {
    rows += fmt::format(
        "<tr><td class=\"num\">{}</td><td class=\"num\">{}</td><td class=\"num\" "
        "data-value=\"{}\">{}</td><td class=\"num\">{}</td></tr>",
        short_number_text(cell.x), short_number_text(cell.y), exact_number_text(*cell.value.mean),
        html_text(mean_and_spread_text(cell.value)), cell.value.n);
  }
  return fmt::format(
      "<table><thead><tr><th class=\"num\">{}</th><th class=\"num\">{}</th><th class=\"num\">mean "
      "± sd</th><th class=\"num\">seeds</th></tr></thead><tbody>{}</tbody></table>",
      html_name(map.x_key), html_name(map.y_key), rows);
}

}  // namespace assay
