// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "reports/ablations.h"
#include "reports/charts.h"
#include "reports/metric_columns.h"

namespace assay {
namespace {

using Members = std::vector<std::size_t>;  // indices into Report::experiments

// Those whose losses are of one kind: of one table and family.
std::vector<Members> kin_in(const Report& report) {
  std::vector<Members> all;
  for (const auto& table : comparison_tables(report)) {
    std::map<std::string, std::size_t> place;
    for (const std::size_t e : table.experiments) {
      const auto [found, is_new] = place.try_emplace(report.experiments[e].family, all.size());
      if (is_new) all.emplace_back();
      all[found->second].push_back(e);
    }
  }
  return all;
}

// What ablations stand around comes first, so that the others are seen beside it.
bool put_base_first(Members& members, const std::vector<Ladder>& ladders) {
  for (const Ladder& ladder : ladders) {
    const auto base = std::ranges::find(members, ladder.rungs.front().experiment);
    if (base == members.end()) continue;
    std::rotate(members.begin(), base, base + 1);
    return true;
  }
  return false;
}

const SeedCurve* curve_of(const ExperimentSummary& experiment, const std::string& loss) {
  const auto found = std::ranges::find(experiment.losses, loss, &SeedCurve::name);
  return found == experiment.losses.end() || found->points.size() < 2 ? nullptr : &*found;
}

std::string seeds_text(const SeedCurve& curve) {
  const std::string seeds = curve.seeds == 1 ? "1 seed" : fmt::format("{} seeds", curve.seeds);
  return curve.records_per_point > 1
             ? fmt::format("{}, {} records a point", seeds, curve.records_per_point)
             : seeds;
}

// "vae/fashion_mnist, 5 seeds"; of several, which the legend names, "3 to 5 seeds".
std::string subheading_of(const Chart& chart) {
  const auto& series = chart.series;
  if (series.size() == 1) return series[0].label + ", " + seeds_text(*series[0].curve);
  const auto seeds = [](const ChartSeries& one) { return one.curve->seeds; };
  const auto [fewest, most] = std::ranges::minmax(series, {}, seeds);
  return fewest.curve->seeds == most.curve->seeds
             ? seeds_text(*most.curve)
             : fmt::format("{} to {} seeds", fewest.curve->seeds, most.curve->seeds);
}

// The experiment's own colour, or the next that the chart has not.
std::size_t colour_in(const Chart& chart, std::size_t own) {
  std::size_t colour = own % kPaletteSize;
  while (std::ranges::find(chart.series, colour, &ChartSeries::colour) != chart.series.end())
    colour = (colour + 1) % kPaletteSize;
  return colour;
}

// Charts of one loss, the base in each of them.
void add_charts(const Report& report, const Members& members, bool has_base,
                const std::string& loss, std::vector<Chart>& charts) {
  constexpr std::size_t kMostCurves = 4;
  Members drawn;
  for (const std::size_t e : members) {
    if (curve_of(report.experiments[e], loss) != nullptr) drawn.push_back(e);
  }
  if (drawn.empty()) return;
  const bool beside = has_base && drawn.front() == members.front();
  const auto add = [&](Chart& chart, std::size_t e) {
    const ExperimentSummary& experiment = report.experiments[e];
    chart.series.push_back({experiment.label, colour_in(chart, e), curve_of(experiment, loss)});
  };
  const std::size_t first = charts.size();
  std::size_t next = beside ? 1 : 0;
  do {
    Chart chart;
    chart.heading = loss;
    if (beside) add(chart, drawn.front());
    while (next < drawn.size() && chart.series.size() < kMostCurves) add(chart, drawn[next++]);
    chart.subheading = subheading_of(chart);
    charts.push_back(std::move(chart));
  } while (next < drawn.size());
  // One scale, so that frames can be compared.
  const std::span<Chart> frames = std::span(charts).subspan(first);
  const bool log = std::ranges::all_of(frames, wants_log);
  for (Chart& chart : frames) chart.log_y = log;
}

}  // namespace

std::vector<Chart> loss_charts_of(const Report& report) {
  const std::vector<Ladder> ladders = ladders_of(report);
  std::vector<Chart> charts;
  for (Members& members : kin_in(report)) {
    const bool has_base = put_base_first(members, ladders);
    std::set<std::string> losses;
    for (const std::size_t e : members) {
      for (const SeedCurve& curve : report.experiments[e].losses) losses.insert(curve.name);
    }
    for (const std::string& loss : losses) add_charts(report, members, has_base, loss, charts);
  }
  return charts;
}

}  // namespace assay
