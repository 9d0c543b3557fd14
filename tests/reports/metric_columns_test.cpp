// SPDX-License-Identifier: Apache-2.0
#include "reports/metric_columns.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>

#include "core/metric_kind.h"
#include "results/row_writer.h"

namespace assay {
namespace {

using testing::ElementsAre;

MetricSummary summary_of_values(double last, double untrained) {
  MetricSummary metric;
  metric.last.mean = last;
  metric.untrained.mean = untrained;
  return metric;
}

TEST(MetricColumns, DifferentProtocolsNeverShareAColumn) {
  std::vector<MetricColumn> columns;
  const MetricRow ema{"fd", 0, 1.0, 0.0, "p1", {{"extractor", "pixels"}, {"weights", "ema"}}};
  const MetricRow raw{"fd", 0,    1.0,
                      0.0,  "p2", {{"extractor", "pixels"}, {"weights", "raw"}, {"k", "3"}}};
  EXPECT_EQ(column_of(columns, ema), 0U);
  EXPECT_EQ(column_of(columns, raw), 1U);
  EXPECT_EQ(column_of(columns, ema), 0U);
  label_columns(columns);
  EXPECT_EQ(columns[0].label, "fd@pixels");
  EXPECT_THAT(columns[0].difference, ElementsAre("k: none", "weights: ema"));
  EXPECT_THAT(columns[1].difference, ElementsAre("k: 3", "weights: raw"));
}

// Two samplers of one network, and a network that needs none: measured alike, so compared.
TEST(MetricColumns, HowSamplesWereDrawnIsWhatIsMeasured) {
  std::vector<MetricColumn> columns;
  const Protocol plain = {{"extractor", "pixels"}, {"k", "3"}};
  Protocol ten = plain, twenty = plain;
  ten.insert({{"sampler.steps", "10"}, {"network_evaluations", "10"}});
  twenty.insert({{"sampler.steps", "20"}, {"network_evaluations", "20"}});
  const auto own = column_of(columns, {"fd", 0, 1.0, 0.0, protocol_id(plain), plain});
  EXPECT_EQ(column_of(columns, {"fd", 0, 1.0, 0.0, "t", ten}), own);
  EXPECT_EQ(column_of(columns, {"fd", 0, 1.0, 0.0, "u", twenty}), own);
  EXPECT_EQ(columns[own].protocol, plain);
  Protocol raw = ten;
  raw["weights"] = "raw";
  EXPECT_NE(column_of(columns, {"fd", 0, 1.0, 0.0, "v", raw}), own);
}

TEST(MetricColumns, FidKeepsItsOwnName) {
  std::vector<MetricColumn> columns;
  column_of(columns, {"fid", 0, 1.0, 0.0, "p", {{"extractor", "inception-v3"}}});
  label_columns(columns);
  EXPECT_EQ(columns[0].label, "fid");
  EXPECT_TRUE(columns[0].difference.empty());
}

TEST(MetricColumns, AreExplainedByTheFirstWhoKnowsTheirMetric) {
  std::vector<MetricColumn> columns;
  for (const char* name : {"fd", "precision", "something_new"}) {
    column_of(columns, {name, 0, 1.0, 0.0, "p", {}});
  }
  const std::vector<MetricKind> kinds = {{"fd", Better::kLower, "squared features", "as stored"},
                                         {"fd", Better::kHigher, "", "as the program knows it"},
                                         {"precision", Better::kHigher, "share", "of samples"}};
  explain_columns(columns, kinds);
  EXPECT_EQ(columns[0].better, Better::kLower);
  EXPECT_EQ(columns[0].meaning, "as stored");
  EXPECT_EQ(columns[1].better, Better::kHigher);
  EXPECT_EQ(columns[1].unit, "share");
  EXPECT_EQ(columns[2].better, std::nullopt) << "no arrow that nobody vouches for";
}

TEST(MetricColumns, ImprovementIsARatioForDistancesAndADifferenceElse) {
  EXPECT_EQ(improvement_text(summary_of_values(10.0, 130.0), Better::kLower), "13× better");
  EXPECT_EQ(improvement_text(summary_of_values(20.0, 10.0), Better::kLower), "2× worse");
  EXPECT_EQ(improvement_text(summary_of_values(0.75, 0.25), Better::kHigher), "+0.5");
  EXPECT_EQ(improvement_text(summary_of_values(-240.0, -560.0), Better::kHigher), "+320");
  EXPECT_EQ(improvement_text(summary_of_values(1.0, 2.0), std::nullopt), "−1");
}

TEST(ComparisonTables, SplitExperimentsThatShareNoColumn) {
  Report report;
  report.columns.resize(3);
  report.experiments.resize(3);
  const auto give = [&](std::size_t experiment, std::size_t column) {
    MetricSummary metric;
    metric.column = column;
    report.experiments[experiment].metrics.push_back(metric);
  };
  give(0, 0);
  give(1, 1);
  give(2, 0);
  give(2, 2);
  const auto tables = comparison_tables(report);
  ASSERT_EQ(tables.size(), 2U);
  EXPECT_THAT(tables[0].experiments, ElementsAre(0, 2));
  EXPECT_THAT(tables[0].columns, testing::UnorderedElementsAre(0, 2));
  EXPECT_THAT(tables[1].experiments, ElementsAre(1));
}

}  // namespace
}  // namespace assay
