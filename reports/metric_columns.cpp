// SPDX-License-Identifier: Apache-2.0
#include "reports/metric_columns.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <functional>
#include <optional>
#include <set>
#include <utility>

#include "core/metric_kind.h"
#include "reports/listed.h"
#include "reports/number_text.h"
#include "results/queries.h"
#include "results/row_writer.h"

namespace assay {
namespace {

// Lead with what is asked for first; everything else by name.
int rank(std::string_view metric) {
  constexpr std::array<std::string_view, 5> kFirst = {"fid", "fd", "kid", "precision", "recall"};
  const auto found = std::ranges::find(kFirst, metric);
  return static_cast<int>(found - kFirst.begin());
}

bool joins(const ComparisonTable& table, const ExperimentSummary& experiment) {
  return std::ranges::any_of(experiment.metrics, [&](const MetricSummary& metric) {
    return std::ranges::find(table.columns, metric.column) != table.columns.end();
  });
}

void merge_into(ComparisonTable& table, const ComparisonTable& other) {
  table.experiments.insert(table.experiments.end(), other.experiments.begin(),
                           other.experiments.end());
  table.columns.insert(table.columns.end(), other.columns.begin(), other.columns.end());
}

void sort_unique(std::vector<std::size_t>& indices) {
  std::ranges::sort(indices);
  indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
}

bool is_of_sampling(const Protocol::value_type& field) {
  return field.first.starts_with("sampler.") || field.first == kNetworkEvaluations;
}

}  // namespace

std::vector<MetricKind> kinds_in(std::span<const std::filesystem::path> databases,
                                 std::span<const MetricKind> known) {
  std::vector<MetricKind> kinds;
  for (const auto& file : databases) {
    for (MetricKind& kind : metric_kinds_of(Database::open_for_reading(file))) {
      kinds.push_back(std::move(kind));
    }
  }
  kinds.insert(kinds.end(), known.begin(), known.end());
  return kinds;
}

const MetricKind* kind_of(std::span<const MetricKind> kinds, std::string_view metric) {
  const auto found = std::ranges::find(kinds, metric, &MetricKind::name);
  return found == kinds.end() ? nullptr : &*found;
}

void explain_columns(std::vector<MetricColumn>& columns, std::span<const MetricKind> kinds) {
  for (MetricColumn& column : columns) {
    const MetricKind* kind = kind_of(kinds, column.metric);
    column.better = kind != nullptr ? std::optional(kind->better) : std::nullopt;
    if (kind == nullptr) continue;
    column.unit = kind->unit;
    column.meaning = kind->meaning;
  }
}

Protocol measurement_of(const Protocol& protocol) {
  Protocol measurement = protocol;
  std::erase_if(measurement, is_of_sampling);
  return measurement;
}

Protocol sampling_of(const Protocol& protocol) {
  Protocol sampling = protocol;
  std::erase_if(sampling, std::not_fn(is_of_sampling));
  return sampling;
}

std::string measurement_id(const MetricRow& metric) {
  const Protocol measurement = measurement_of(metric.protocol);
  return measurement == metric.protocol ? metric.protocol_id : protocol_id(measurement);
}

bool is_counted(const MetricColumn& column) {
  const auto estimator = column.protocol.find("estimator");
  return estimator != column.protocol.end() && estimator->second.starts_with("counted");
}

std::size_t column_of(std::vector<MetricColumn>& columns, const MetricRow& metric) {
  const std::string id = measurement_id(metric);
  const auto found = std::ranges::find_if(columns, [&](const MetricColumn& column) {
    return column.metric == metric.name && column.protocol_id == id;
  });
  if (found != columns.end()) return static_cast<std::size_t>(found - columns.begin());
  columns.push_back(
      {.metric = metric.name, .protocol_id = id, .protocol = measurement_of(metric.protocol)});
  return columns.size() - 1;
}

std::string protocol_field(const Protocol& protocol, const std::string& name) {
  const auto found = protocol.find(name);
  return found == protocol.end() ? "none" : found->second;
}

std::set<std::string> differing_fields(const std::vector<const Protocol*>& protocols) {
  std::set<std::string> names;
  for (const auto* protocol : protocols) {
    for (const auto& [name, value] : *protocol) names.insert(name);
  }
  std::erase_if(names, [&](const std::string& name) {
    return std::ranges::all_of(protocols, [&](const Protocol* protocol) {
      return protocol_field(*protocol, name) == protocol_field(*protocols.front(), name);
    });
  });
  return names;
}

void label_columns(std::vector<MetricColumn>& columns) {
  for (auto& column : columns) {
    const auto extractor = column.protocol.find("extractor");
    const bool named = extractor != column.protocol.end() && column.metric != "fid";
    column.label = named ? column.metric + "@" + extractor->second : column.metric;
  }
  for (auto& column : columns) {
    std::vector<const Protocol*> same;
    for (const auto& other : columns) {
      if (other.label == column.label) same.push_back(&other.protocol);
    }
    if (same.size() < 2) continue;
    for (const auto& name : differing_fields(same)) {
      column.difference.push_back(name + ": " +
                                  short_digest(protocol_field(column.protocol, name), 8));
    }
  }
}

std::vector<ComparisonTable> comparison_tables(const Report& report) {
  std::vector<ComparisonTable> tables;
  for (std::size_t e = 0; e < report.experiments.size(); ++e) {
    const auto& experiment = report.experiments[e];
    ComparisonTable own{{e}, {}};
    for (const auto& metric : experiment.metrics) own.columns.push_back(metric.column);
    std::vector<ComparisonTable> apart;
    for (auto& table : tables) {
      if (joins(table, experiment)) {
        merge_into(own, table);
      } else {
        apart.push_back(std::move(table));
      }
    }
    sort_unique(own.experiments);
    sort_unique(own.columns);
    apart.push_back(std::move(own));
    tables = std::move(apart);
  }
  std::ranges::sort(tables, {},
                    [](const ComparisonTable& table) { return table.experiments.front(); });
  for (auto& table : tables) {
    std::ranges::stable_sort(table.columns, {}, [&](std::size_t column) {
      return std::pair(rank(report.columns[column].metric), report.columns[column].label);
    });
  }
  return tables;
}

bool counts_network_evaluations(const Report& report) {
  return std::ranges::any_of(report.experiments, [](const ExperimentSummary& experiment) {
    return experiment.network_evaluations.mean.has_value();
  });
}

const MetricSummary* metric_in(const ExperimentSummary& experiment, std::size_t column) {
  const auto found = std::ranges::find(experiment.metrics, column, &MetricSummary::column);
  return found == experiment.metrics.end() ? nullptr : &*found;
}

std::string improvement_text(const MetricSummary& metric, std::optional<Better> better) {
  if (!metric.last.mean || !metric.untrained.mean) return "";
  const double last = *metric.last.mean;
  const double first = *metric.untrained.mean;
  // A ratio means something only for a positive distance to be brought down.
  if (better == Better::kLower && last > 0 && first > 0) {
    const double ratio = first / last;
    if (short_number_text(std::max(ratio, 1 / ratio), 2) == "1") return "no better";
    return ratio >= 1 ? fmt::format("{}× better", short_number_text(ratio, 2))
                      : fmt::format("{}× worse", short_number_text(1 / ratio, 2));
  }
  return signed_number_text(last - first, 3);
}

}  // namespace assay
