// SPDX-License-Identifier: Apache-2.0
#include "reports/noise_profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>

#include "reports/charts.h"
#include "reports/sweep_charts.h"

namespace assay {
namespace {

std::optional<double> number_of(std::string_view text) {
  double value = 0.0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<PlacedNumber> row_of(std::string_view line) {
  const auto comma = line.find(',');
  if (comma == std::string_view::npos) return std::nullopt;
  const auto x = number_of(line.substr(0, comma)), y = number_of(line.substr(comma + 1));
  if (!x || !y) return std::nullopt;
  return PlacedNumber{*x, *y};
}

using Points = std::vector<ProfilePoint> NoiseProfile::*;

// Charts of one kind, at most kPaletteSize experiments each.
void add_charts(const Report& report, Points points, SweepChart frame,
                std::vector<SweepChart>& charts) {
  std::size_t members = 0;
  for (const auto& experiment : report.experiments) {
    if ((experiment.noise.*points).size() < 2) continue;
    if (members % kPaletteSize == 0) {
      charts.push_back(frame);
      charts.back().id = fmt::format("noise{}", charts.size());
    }
    SweepSeries series{experiment.label, members++ % kPaletteSize, {}};
    for (const auto& point : experiment.noise.*points) series.marks.push_back({point.x, point.y});
    charts.back().series.push_back(std::move(series));
  }
}

}  // namespace

std::vector<PlacedNumber> read_placed_numbers(std::string_view csv) {
  std::vector<PlacedNumber> rows;
  while (!csv.empty()) {
    const auto end = std::min(csv.find('\n'), csv.size());
    if (const auto row = row_of(csv.substr(0, end))) rows.push_back(*row);
    csv.remove_prefix(std::min(end + 1, csv.size()));
  }
  return rows;
}

std::vector<ProfilePoint> profile_over_seeds(const std::vector<std::vector<PlacedNumber>>& seeds) {
  if (seeds.empty()) return {};
  std::vector<ProfilePoint> points;
  for (std::size_t place = 0; place < seeds.front().size(); ++place) {
    const double x = seeds.front()[place].x;
    std::vector<double> values;
    for (const auto& seed : seeds) {
      if (seed.size() != seeds.front().size() || seed[place].x != x) return {};
      values.push_back(seed[place].y);
    }
    points.push_back({x, summarise(values)});
  }
  return points;
}

std::vector<SweepChart> noise_charts_of(const Report& report) {
  std::vector<SweepChart> charts;
  add_charts(report, &NoiseProfile::snr,
             {.id = {},
              .key = "t",
              .heading = "log of signal over noise, nats",
              .subheading = "log(α²/σ²) of the process, from examples to noise",
              .series = {}},
             charts);
  add_charts(report, &NoiseProfile::bound,
             {.id = {},
              .key = "timestep",
              .heading = "term of the variational bound, bits/dim",
              .subheading = "the last is that of the prior, mean ± sd over seeds",
              .series = {}},
             charts);
  return charts;
}

}  // namespace assay
