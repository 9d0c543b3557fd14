// SPDX-License-Identifier: Apache-2.0
#include "reports/papers/match.h"

#include <fmt/format.h>

#include <algorithm>

#include "reports/metric_columns.h"
#include "reports/number_text.h"
#include "reports/papers/coverage.h"
#include "reports/papers/verdict.h"

namespace assay {
namespace {

bool is_metric(const MetricColumn& column, const std::string& metric) {
  return column.label == metric || (metric == "fid" && column.label == "fd@inception-v3");
}

// The experiment's own column of that metric.
std::optional<std::size_t> column_with(const Report& report, const ExperimentSummary& experiment,
                                       const std::string& metric) {
  for (const auto& summary : experiment.metrics) {
    if (is_metric(report.columns[summary.column], metric)) return summary.column;
  }
  return std::nullopt;
}

// Of the shortest text that reads back to the same number.
int decimals(double value) {
  const std::string text = fmt::format("{}", value);
  const auto point = text.find('.');
  return point == std::string::npos ? 0 : static_cast<int>(text.size() - point) - 1;
}

}  // namespace

std::vector<PublishedBeside> match_published(const Report& report,
                                             const PublishedValues& published) {
  std::vector<PublishedBeside> found;
  for (std::size_t e = 0; e < report.experiments.size(); ++e) {
    const ExperimentSummary& experiment = report.experiments[e];
    for (const PublishedValue& value : published.values) {
      const auto& names = value.experiments;
      const bool repeats = std::ranges::find(names, experiment.name) != names.end();
      if (!repeats || !is_fact(value)) continue;
      const auto verdict = verdict_of(value, experiment, report.columns, published.ids);
      found.push_back(
          {value, e, column_with(report, experiment, value.metric), verdict_text(value, verdict)});
    }
  }
  return found;
}

std::string published_text(const PublishedValue& value) {
  const int digits = std::max(decimals(value.value), decimals(value.spread.value_or(value.value)));
  const std::string text = fmt::format("{:.{}f}", value.value, digits);
  return value.spread ? fmt::format("{} ± {:.{}f}", text, *value.spread, digits) : text;
}

std::string published_spread_text(const PublishedValue& value) {
  std::string text;
  if (value.spread && value.spread_of == "not stated") {
    text = "what ± is, is not stated";
  } else if (value.spread) {
    text = fmt::format("± is the {}", value.spread_of);
    if (value.spread_of.starts_with("evaluations")) text = "± over " + value.spread_of;
  }
  if (value.runs > 0) {
    text +=
        fmt::format("{}{} run{}", text.empty() ? "" : ", ", value.runs, value.runs == 1 ? "" : "s");
  }
  return text;
}

std::string here_text(const Report& report, const PublishedBeside& beside) {
  if (!beside.column) return "not computed";
  const auto* metric = metric_in(report.experiments[beside.experiment], *beside.column);
  return fmt::format("{} (n = {})", mean_and_spread_text(metric->last), metric->last.n);
}

}  // namespace assay
