// SPDX-License-Identifier: Apache-2.0
#include "reports/csv.h"

#include <fmt/format.h>

#include <cmath>
#include <string_view>

#include "reports/escape.h"
#include "reports/number_text.h"

namespace assay {
namespace {

class CsvRows {
 public:
  explicit CsvRows(const ExperimentSummary& experiment)
      : prefix_(csv_field(experiment.label) + "," + csv_field(experiment.id)) {}

  void quantity(std::string_view name, std::string_view protocol_id) {
    quantity_ = csv_field(name) + "," + csv_field(protocol_id);
  }
  void of_seed(std::string_view statistic, const SeedValue& seed, double value) {
    row(statistic,
        fmt::format("{},{},{}", seed.seed, csv_field(seed.uuid),
                    statistic == "untrained" ? 0 : seed.images_seen),
        value);
  }
  void of_all(std::string_view statistic, const std::optional<double>& value) {
    if (value) row(statistic, ",,", *value);
  }
  void summary(const std::string& prefix, const SeedSummary& s) {
    if (s.n + s.non_finite == 0) return;
    of_all(prefix + "n", static_cast<double>(s.n));
    of_all(prefix + "mean", s.mean);
    of_all(prefix + "sd", s.sd);
    of_all(prefix + "low", s.low);
    of_all(prefix + "high", s.high);
  }
  std::string text;

 private:
  void row(std::string_view statistic, const std::string& where, double value) {
    text += fmt::format("{},{},{},{},{}\n", prefix_, quantity_, statistic, where,
                        exact_number_text(value));
  }
  std::string prefix_;
  std::string quantity_;
};

void metric_rows(CsvRows& rows, const MetricSummary& metric, const MetricColumn& column) {
  rows.quantity(column.label, column.protocol_id);
  for (const auto& seed : metric.seeds) {
    rows.of_seed("last", seed, seed.value);
    if (!std::isnan(seed.standard_error)) rows.of_seed("standard_error", seed, seed.standard_error);
    if (seed.untrained) rows.of_seed("untrained", seed, *seed.untrained);
  }
  rows.summary("", metric.last);
  rows.summary("untrained_", metric.untrained);
}

}  // namespace

std::string report_csv(const Report& report) {
  std::string text =
      "experiment,experiment_id,quantity,protocol_id,statistic,seed,run,images_seen,value\n";
  for (const auto& experiment : report.experiments) {
    CsvRows rows(experiment);
    for (const auto& metric : experiment.metrics)
      metric_rows(rows, metric, report.columns[metric.column]);
    for (const auto& speed : experiment.speeds) {
      rows.quantity(speed.phase + "_images_per_second", "");
      rows.summary("", speed.images_per_second);
    }
    rows.quantity("wall_seconds", "");
    rows.summary("", experiment.wall_seconds);
    text += rows.text;
  }
  return text;
}

}  // namespace assay
