// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "reports/report.h"

namespace assay {

/// Whether lower or higher is better. reports sees no metric's code (layer rule), so this is a
/// table of its own; a metric it does not know gets no arrow.
Direction direction_of(std::string_view metric);

/// Index of the column for this metric under this protocol; adds it if it is new.
std::size_t column_of(std::vector<MetricColumn>& columns, const MetricRow& metric);

/// What of a protocol says how a value was measured. How the model drew its samples
/// ("sampler.steps", "network_evaluations") is in the protocol of a score, but it is what is
/// measured: two samplers, or a GAN and a diffusion model, are there to be compared.
Protocol measurement_of(const Protocol& protocol);
/// Its id: that of the whole protocol where nothing was left out.
std::string measurement_id(const MetricRow& metric);

/// Names of the fields in which protocols differ; "none" stands for a field that one lacks.
std::set<std::string> differing_fields(const std::vector<const Protocol*>& protocols);
std::string protocol_field(const Protocol& protocol, const std::string& name);

/// Sets labels ("fd@fmnist-cnn") and, where two columns have the same label, the fields in which
/// their protocols differ.
void label_columns(std::vector<MetricColumn>& columns);

/// Experiments that share a column belong in one table; others (points and pictures, say) get a
/// table of their own.
struct ComparisonTable {
  std::vector<std::size_t> experiments;
  std::vector<std::size_t> columns;
};
std::vector<ComparisonTable> comparison_tables(const Report& report);

/// The experiment's summary in a column, or nullptr.
const MetricSummary* metric_in(const ExperimentSummary& experiment, std::size_t column);

/// How the last value compares with the untrained model's: "12× better", "no better" (to two
/// digits), "+0.53", or empty where not known.
std::string improvement_text(const MetricSummary& metric, Direction better);

}  // namespace assay
