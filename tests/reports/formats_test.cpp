// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "reports/number_text.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Formats : public testing::Test {
 protected:
  Formats() {
    test::fill_small(folder / "small.sqlite");
    report = build_report(folder / "small.sqlite", {"small", {}, "2026-11-23T12:00:00Z"});
  }
  // Compares with tests/golden/reports/NAME; ASSAY_UPDATE_GOLDEN=1 writes it instead.
  static void expect_golden(const std::string& name, const std::string& text) {
    const auto file =
        std::filesystem::path(ASSAY_SOURCE_DIR) / "tests" / "golden" / "reports" / name;
    if (std::getenv("ASSAY_UPDATE_GOLDEN") != nullptr) write_file_atomically(file, text);
    EXPECT_EQ(text, read_file(file));
  }
  TemporaryFolder folder;
  Report report;
};

TEST_F(Formats, MarkdownIsGolden) { expect_golden("small.md", render(report, Format::kMarkdown)); }

TEST_F(Formats, CsvIsGolden) { expect_golden("small.csv", render(report, Format::kCsv)); }

TEST_F(Formats, LatexIsGolden) { expect_golden("small.tex", render(report, Format::kLatex)); }

TEST_F(Formats, NumbersAreTheSameInAllOfThem) {
  const std::string html = render(report, Format::kHtml);
  const std::string markdown = render(report, Format::kMarkdown);
  const std::string csv = render(report, Format::kCsv);
  const auto json = nlohmann::json::parse(render(report, Format::kJson));
  for (std::size_t e = 0; e < report.experiments.size(); ++e) {
    for (std::size_t m = 0; m < report.experiments[e].metrics.size(); ++m) {
      const SeedSummary& last = report.experiments[e].metrics[m].last;
      const std::string exact = exact_number_text(*last.mean);
      EXPECT_THAT(
          html, HasSubstr("data-value=\"" + exact + "\"><span class=\"mean\">" + mean_text(last)));
      EXPECT_THAT(markdown, HasSubstr(mean_and_spread_text(last)));
      EXPECT_THAT(csv, HasSubstr(",mean,,,," + exact + "\n"));
      EXPECT_EQ(json["experiments"][e]["metrics"][m]["last"]["mean"].get<double>(), *last.mean);
    }
  }
}

TEST_F(Formats, AllShowWhatChoosingAnEvaluationWouldGiveWhereThereIsAChoice) {
  for (const Format format : {Format::kHtml, Format::kMarkdown, Format::kCsv}) {
    EXPECT_THAT(render(report, format),
                AllOf(Not(HasSubstr("best of each")), Not(HasSubstr("best_mean"))));
  }
  MetricSummary& metric = report.experiments.at(0).metrics.at(0);
  report.columns.at(metric.column).better = Better::kHigher;
  metric.choice = {.evaluations = 12,
                   .last_ten = summarise(std::vector{1.25, 1.75}),
                   .lowest = summarise(std::vector{0.25, 0.5}),
                   .highest = summarise(std::vector{7.25, 7.75})};
  EXPECT_THAT(render(report, Format::kHtml), AllOf(HasSubstr("7.50"), HasSubstr("1.50")));
  EXPECT_THAT(render(report, Format::kMarkdown), HasSubstr("| 1.50 ± 0.35 | 7.50 ± 0.35 |"));
  EXPECT_THAT(render(report, Format::kCsv),
              AllOf(HasSubstr(",last_ten_mean,,,,1.5\n"), HasSubstr(",best_mean,,,,7.5\n")));
  const auto json = nlohmann::json::parse(render(report, Format::kJson));
  const auto& first = json["experiments"][0]["metrics"][0]["chosen"];
  EXPECT_EQ(first["evaluations"], 12);
  EXPECT_EQ(first["best"]["mean"], 7.5);
  EXPECT_EQ(first["last_ten"]["mean"], 1.5);
}

TEST_F(Formats, JsonWritesWhatIsNotFiniteAsText) {
  const auto json = nlohmann::json::parse(render(report, Format::kJson));
  // diffusion/example has no standard error.
  EXPECT_EQ(json["experiments"][0]["metrics"][0]["seeds"][0]["standard_error"], "nan");
  EXPECT_EQ(json["unfinished"][0]["reason"], "loss is nan at 640 images");
}

TEST_F(Formats, FormatIsFoundByName) {
  EXPECT_EQ(format_from_name("md"), Format::kMarkdown);
  try {
    format_from_name("htm");
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'html'"));
  }
}

TEST_F(Formats, FileIsWrittenWithItsFolders) {
  write_report_file(report, Format::kJson, folder / "new/deep/r.json");
  EXPECT_EQ(read_file(folder / "new/deep/r.json"), render(report, Format::kJson));
}

}  // namespace
}  // namespace assay
