// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <map>
#include <utility>

#include "reports/charts.h"
#include "reports/sweep_charts.h"

namespace assay {
namespace {

SweepSeries series_of(const ExperimentSummary& experiment, std::size_t place) {
  SweepSeries series{experiment.label, place % kPaletteSize, {}};
  for (std::size_t rank = 0; rank < experiment.latents.by_rank.size(); ++rank) {
    const SeedSummary& value = experiment.latents.by_rank[rank];
    if (value.mean) series.marks.push_back({static_cast<double>(rank + 1), value});
  }
  return series;
}

SweepChart empty_chart(bool kl, std::size_t size) {
  SweepChart chart;
  chart.key = "dimension, by rank";
  chart.heading = kl ? "KL of a dimension, nats" : "variance of a dimension";
  chart.subheading = fmt::format("codes of {}, mean ± sd over seeds", size);
  return chart;
}

}  // namespace

std::vector<SweepChart> latent_charts_of(const Report& report) {
  std::map<std::pair<bool, std::size_t>, std::vector<const ExperimentSummary*>> groups;
  for (const auto& experiment : report.experiments) {
    const auto& latents = experiment.latents;
    if (latents.by_rank.size() < 2) continue;
    groups[{!latents.kl, latents.by_rank.size()}].push_back(&experiment);
  }
  std::vector<SweepChart> charts;
  for (const auto& [kind, members] : groups) {
    for (std::size_t i = 0; i < members.size(); ++i) {
      if (i % kPaletteSize == 0) {
        charts.push_back(empty_chart(!kind.first, kind.second));
        charts.back().id = fmt::format("latent{}", charts.size());
      }
      charts.back().series.push_back(series_of(*members[i], i));
    }
  }
  return charts;
}

}  // namespace assay
