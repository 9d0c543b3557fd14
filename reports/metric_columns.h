// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/metric_kind.h"
#include "reports/report.h"

namespace assay {

/// What the databases say of their metrics, then what the program knows, for those that were
/// written before databases said so: the first of a name counts.
std::vector<MetricKind> kinds_in(std::span<const std::filesystem::path> databases,
                                 std::span<const MetricKind> known);
/// nullptr for a metric that nobody explains: it gets no arrow, and is not ranked.
const MetricKind* kind_of(std::span<const MetricKind> kinds, std::string_view metric);

/// Sets better, unit and meaning of each column.
void explain_columns(std::vector<MetricColumn>& columns, std::span<const MetricKind> kinds);

/// Whether its values are counts, such as multiply-adds, by the estimator that its protocol names.
bool is_counted(const MetricColumn& column);

/// Index of the column for this metric under this protocol; adds it if it is new.
std::size_t column_of(std::vector<MetricColumn>& columns, const MetricRow& metric);

/// The field of a protocol that counts a sample's calls of the network.
inline constexpr std::string_view kNetworkEvaluations = "network_evaluations";

/// What of a protocol says how a value was measured. How the model drew its samples
/// ("sampler.steps", "network_evaluations") is in the protocol of a score, but it is what is
/// measured: two samplers, or a GAN and a diffusion model, are there to be compared.
Protocol measurement_of(const Protocol& protocol);
/// The rest of it: how the samples were drawn.
Protocol sampling_of(const Protocol& protocol);
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

/// Whether any experiment says how often a sample calls its network.
bool counts_network_evaluations(const Report& report);

/// The experiment's summary in a column, or nullptr.
const MetricSummary* metric_in(const ExperimentSummary& experiment, std::size_t column);

/// How the last value compares with the untrained model's: "12× better", "no better" (to two
/// digits), "+0.53", or empty where not known.
std::string improvement_text(const MetricSummary& metric, std::optional<Better> better);

}  // namespace assay
