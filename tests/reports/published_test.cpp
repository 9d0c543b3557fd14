// SPDX-License-Identifier: Apache-2.0
#include "reports/papers/published.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "core/error.h"
#include "reports/papers/match.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::ThrowsMessage;

const std::string kValue =
    "[[published]]\nmodel='m'\ndata='d'\nmetric='fid'\nvalue=3\npaper='q'\nsource='s'\ntier='cpu'\n"
    "protocol='p'\n";

TEST(PublishedValues, AreWellFormedAndSayWhereTheyComeFrom) {
  const auto& values = published_values().values;
  EXPECT_GE(values.size(), 682U);
  std::set<std::string> keys;
  for (const auto& value : values) {
    SCOPED_TRACE(value.where);
    EXPECT_TRUE(std::isfinite(value.value));
    EXPECT_GE(value.source.size(), 10U);
    EXPECT_GE(value.protocol.size(), 10U);
    // No number twice under one name.
    EXPECT_TRUE(keys.insert(value.model + "|" + value.data + "|" + value.metric).second);
    EXPECT_GE(value.paper.size(), 8U);
    if (value.metric == "fid") {
      EXPECT_EQ(value.fields.at("extractor"), "inception-v3");
    }
    // What nobody repeats says why.
    EXPECT_TRUE(!value.experiments.empty() || !value.needs.empty() || !is_fact(value));
  }
}

// published_rows.tsv beside this file: what was read at the sources.
TEST(PublishedValues, HoldTheRowsOfTheirSources) {
  std::map<std::string, const PublishedValue*> facts;
  for (const auto& value : published_values().values) {
    if (is_fact(value)) facts[value.model + "\t" + value.data + "\t" + value.metric] = &value;
  }
  std::ifstream file(ASSAY_SOURCE_DIR "/tests/reports/published_rows.tsv");
  std::size_t rows = 0;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    std::istringstream fields(line);
    std::string model, data, metric, number, spread;
    for (auto* field : {&model, &data, &metric, &number, &spread}) {
      std::getline(fields, *field, '\t');
    }
    ++rows;
    SCOPED_TRACE(line);
    const auto found = facts.find(model + "\t" + data + "\t" + metric);
    ASSERT_NE(found, facts.end());
    EXPECT_EQ(found->second->value, std::stod(number));
    if (!spread.empty()) {
      EXPECT_EQ(found->second->spread, std::stod(spread));
    }
  }
  // No fact without a source that was read.
  EXPECT_EQ(rows, facts.size());
  EXPECT_EQ(rows, 676U);
}

TEST(ReadPublished, RefusesWhatIsMissingOrUnknown) {
  const auto refusal = [](const std::string& toml, const std::string& message) {
    EXPECT_THAT([&] { read_published(toml, "p.toml"); }, ThrowsMessage<Error>(HasSubstr(message)));
  };
  EXPECT_EQ(read_published(kValue + "certainty='T'\n", "p.toml").values.size(), 1U);
  refusal(kValue, "p.toml:1:1: a [[published]] value needs 'certainty'");
  refusal(kValue + "certainty='P'\n", "certainty = 'P' is not known");
  refusal(kValue + "certainty='T'\nsauce='x'\n", "unknown key 'sauce'; did you mean 'source'?");
  refusal(kValue + "certainty='T'\nspread=1\n", "needs spread_of");
  refusal(kValue + "certainty='T'\nspread=-1\n", "out of range");
  refusal("[[publishd]]\nmodel='x'\n", "unknown table [[publishd]]");
  refusal(kValue + "certainty='T'\nexperiments=['vae/x']\n", "'vae/x' has no id");
  refusal("[experiments]\n'vae/x'='ab'\n" + kValue + "certainty='T'\nexperiments=['vae/x']\n",
          "needs a tolerance");
  refusal("[experiments]\n'vae/x'='ab'\n" + kValue +
              "certainty='T'\ntolerance=1\nexperiments=['vae/x']\n",
          "needs fields");
  refusal(kValue + "certainty='T'\nfields={k=3}\n", "fields.k is no text");
  refusal("value = 3\n", "'value' stands outside a [[published]] table");
  for (const std::string key :
       {"model", "data", "metric", "value", "paper", "source", "tier", "protocol"}) {
    std::string without = kValue + "certainty='T'\n";
    const auto at = without.find(key + "=");
    without.erase(at, without.find('\n', at) - at);
    refusal(without, "needs '" + key + "'");
  }
}

class Beside : public testing::Test {
 protected:
  test::TemporaryFolder folder_;

  Report report_of(const std::string& experiment, const std::vector<MetricValue>& metrics) {
    auto database = Database::open_for_writing(folder_ / "a.sqlite");
    test::MadeUpRun run;
    run.experiment = experiment;
    run.last = metrics;
    test::add_run(database, run);
    return build_report(folder_ / "a.sqlite", {});
  }
  static PublishedValue value(Certainty certainty) {
    PublishedValue value{"model", "data", "modes_covered", 6.3, 0.5, "standard error", 10};
    value.source = "A source";
    value.protocol = "a protocol";
    value.certainty = certainty;
    value.experiments = {"vae/example"};
    return value;
  }
};

TEST_F(Beside, ShowsWhatAnExperimentRepeatsInEveryFormat) {
  const Report report = report_of("toy2d/ring_gan_paper", {{"modes_covered", 7.0, 0.0, {}}});
  ASSERT_EQ(report.published.size(), 3U);
  EXPECT_EQ(published_text(report.published[0].value), "6.3 ± 0.5");
  EXPECT_EQ(here_text(report, report.published[0]), "7 (n = 1)");
  EXPECT_EQ(here_text(report, report.published[1]), "not computed");
  for (const Format format : {Format::kHtml, Format::kMarkdown}) {
    const std::string text = render(report, format);
    EXPECT_THAT(text, HasSubstr("Beside the literature"));
    EXPECT_THAT(text, HasSubstr("6.3 ± 0.5"));
    EXPECT_THAT(text, HasSubstr("± is the standard error, 10 runs"));
    EXPECT_THAT(text, HasSubstr("read in the paper"));
    EXPECT_THAT(text, HasSubstr("a mode counts with one sample"));
  }
  EXPECT_THAT(render(report, Format::kCsv), HasSubstr(",modes_covered,,published,,,,6.3\n"));
  const auto json = nlohmann::json::parse(render(report, Format::kJson))["published"];
  EXPECT_EQ(json[0]["value"].get<double>(), 6.3);
  EXPECT_EQ(json[0]["certainty"], "read in the paper");
}

TEST_F(Beside, LeavesOutWhatIsKnownFromMemoryOnly) {
  const Report report = report_of("vae/example", {{"modes_covered", 7.0, 0.0, {}}});
  EXPECT_TRUE(report.published.empty());
  EXPECT_THAT(render(report, Format::kHtml), Not(HasSubstr("id=\"published\"")));
  const PublishedValues values{{value(Certainty::kMemory), value(Certainty::kSecondary)}, {}};
  const auto found = match_published(report, values);
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].value.certainty, Certainty::kSecondary);
}

TEST_F(Beside, NeverTakesAnotherExtractorForFid) {
  PublishedValue fid = value(Certainty::kTable);
  fid.metric = "fid";
  const auto column = [&](const std::string& extractor) {
    const Report report = report_of("vae/example", {{"fd", 7.0, 0.0, {{"extractor", extractor}}}});
    std::filesystem::remove(folder_ / "a.sqlite");
    return match_published(report, {{fid}, {}}).at(0).column;
  };
  EXPECT_FALSE(column("fmnist-cnn"));
  EXPECT_TRUE(column("inception-v3"));
}

TEST(PublishedText, SaysWhatTheSpreadIs) {
  PublishedValue value{"m", "d", "fid", 29.3, 1.0, "not stated"};
  EXPECT_EQ(published_text(value), "29.3 ± 1.0");
  EXPECT_EQ(published_spread_text(value), "what ± is, is not stated");
  value.spread_of = "evaluations of one model";
  value.runs = 1;
  EXPECT_EQ(published_spread_text(value), "± over evaluations of one model, 1 run");
  value.spread = 0.0;
  EXPECT_EQ(published_text(value), "29.3 ± 0.0") << "a stated 0 is a value";
  value.spread.reset();
  EXPECT_EQ(published_text(value), "29.3");
  EXPECT_EQ(published_spread_text(value), "1 run");
}

}  // namespace
}  // namespace assay
