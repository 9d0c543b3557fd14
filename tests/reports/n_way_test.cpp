// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/n_way.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/metric_kind.h"
#include "reports/comparison/compare_text.h"
#include "reports/comparison/entry_score.h"
#include "reports/escape.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::MadeUpRun;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class NWay : public ::testing::Test {
 protected:
  static MadeUpRun run_of(char digit) {
    return {.experiment = std::string("vae/") + digit, .id_digit = digit};
  }
  void add(char digit, const std::vector<double>& fd) {
    test::add_runs_of_fd(file, run_of(digit), fd);
  }
  void add_three() {
    add('a', {10.0, 11.0, 12.0, 10.5});
    add('b', {20.0, 21.0, 22.0, 20.5});
    add('c', {20.6, 21.1, 21.4, 20.9});
  }
  Comparison comparison() const {
    const Report report = build_report(file, {});
    return compare_table(report, comparison_tables(report).front());
  }
  std::vector<std::string> ranks(const Comparison& found) const {
    std::vector<std::string> texts;
    for (std::size_t e = 0; e < found.entries.size(); ++e)
      texts.push_back(rank_text(rank_range(found, e, 0).value()));
    return texts;
  }
  test::TemporaryFolder folder;
  std::filesystem::path file = folder / "a.sqlite";
};

// scipy.stats.ttest_ind(equal_var=False), statsmodels' multipletests(method="holm").
TEST_F(NWay, ComparesEachWithEachAndCorrectsOverTheTable) {
  add_three();
  const Comparison found = comparison();
  ASSERT_THAT(found.pairs, SizeIs(3));
  const std::vector<double> p = {3.0904261100621224e-06, 2.994248696635714e-05, 0.7991139403948959};
  const std::vector<double> adjusted = {9.27127833e-06, 5.98849739e-05, 7.99113940e-01};
  for (std::size_t i = 0; i < p.size(); ++i) {
    EXPECT_NEAR(*found.pairs[i].decision.p, p[i], 1e-9 * p[i]);
    EXPECT_NEAR(*found.pairs[i].decision.adjusted, adjusted[i], 1e-7 * adjusted[i]);
  }
}

TEST_F(NWay, RanksAreWhatTheVerdictsLeave) {
  add_three();
  EXPECT_THAT(ranks(comparison()), ElementsAre("1", "2–3", "2–3"));
}

TEST_F(NWay, ScoresHaveTheIntervalThatTheirNumberAllows) {
  add('a', {10.0, 11.0, 12.0, 10.5});
  add('b', {1, 2, 3, 4, 5, 6, 7, 8, 9, 30});
  const Comparison found = comparison();
  const auto score_of = [&](std::size_t entry) {
    return entry_score(found, entry, found.entries[entry].metrics.front()).value();
  };
  const EntryScore four = score_of(0), ten = score_of(1);
  // scipy.stats.t.interval(0.95, 3, 10.875, 0.42695)
  EXPECT_EQ(four.method, "student");
  EXPECT_NEAR(four.interval->low, 9.5162, 1e-3);
  EXPECT_NEAR(four.interval->high, 12.2338, 1e-3);
  EXPECT_EQ(four.median, 10.75);
  EXPECT_EQ(four.least, 10.0);
  EXPECT_EQ(four.most, 12.0);
  // Skewed: Student's would be 1.57 to 13.43.
  EXPECT_EQ(ten.method, "bca");
  EXPECT_GT(ten.interval->low, 3.5);
  EXPECT_GT(ten.interval->high, 14.0);
  EXPECT_EQ(ten.median, 5.5);
}

TEST_F(NWay, HigherIsBetterTurnsTheRanksRound) {
  add_three();
  Report report = build_report(file, {});
  report.columns[0].better = Better::kHigher;
  const Comparison found = compare_table(report, comparison_tables(report).front());
  EXPECT_THAT(ranks(found), ElementsAre("3", "1–2", "1–2"));
  // The highest mean is b's, 20.875 against c's 21: c leads.
  EXPECT_THAT(pairs_of_leader(found, 0), SizeIs(2));
  EXPECT_EQ(pairs_of_leader(found, 0).front()->right, 2U);
}

TEST_F(NWay, RanksNobodyWhereNobodySaysWhatIsBetter) {
  add_three();
  Report report = build_report(file, {});
  report.columns[0].better = {};
  const Comparison found = compare_table(report, comparison_tables(report).front());
  EXPECT_FALSE(rank_range(found, 0, 0).has_value());
  EXPECT_THAT(pairs_of_leader(found, 0), IsEmpty());
}

TEST_F(NWay, ASeedThatDivergedIsRankedWorst) {
  add('a', {10.0, 11.0, 12.0, 10.5});
  add('b', {20.0, 21.0, 22.0});
  {
    auto database = Database::open_for_writing(file);
    MadeUpRun lost = run_of('b');
    lost.seed = 3;
    lost.status = "diverged";
    test::add_run(database, lost);
  }
  const Comparison found = comparison();
  EXPECT_EQ(found.pairs.at(0).decision.test, "mann_whitney");
  EXPECT_EQ(found.pairs.at(0).decision.lost_right, 1);
  // The most extreme of 8 choose 4 orders, on both sides: 2 / 70.
  EXPECT_NEAR(*found.pairs.at(0).decision.p, 2.0 / 70.0, 1e-12);
}

TEST_F(NWay, PageBeginsWithTheTableAndSaysTheVerdictsOfTheJson) {
  add_three();
  const Report report = build_report(file, {});
  const std::string page = render(report, Format::kHtml);
  const auto json = nlohmann::json::parse(render(report, Format::kJson));
  const auto& table = json["comparisons"][0];
  ASSERT_THAT(table["pairs"], SizeIs(3));
  const std::string sentence = table["pairs"][0]["metrics"]["fd@pixels"]["sentence"];
  EXPECT_THAT(sentence, HasSubstr("vae/b is worse than vae/a: +10"));
  EXPECT_THAT(page, HasSubstr(html_text(sentence)));
  EXPECT_THAT(render(report, Format::kMarkdown), HasSubstr("vae/b is worse than vae/a: +10"));
  EXPECT_EQ(table["ranks"][1]["first"], 2);
  EXPECT_EQ(table["ranks"][1]["last"], 3);
  EXPECT_THAT(page, HasSubstr("title=\"rank by verdicts\">#2–3</span>"));
  const auto first_section = page.find("<section id=");
  EXPECT_EQ(page.find("<section id=\"comparison\">"), first_section);
}

TEST_F(NWay, LeavesVeryManyToTheCommand) {
  Report report;
  report.columns.resize(1);
  report.columns[0].better = Better::kLower;
  for (std::size_t e = 0; e <= kMostCompared; ++e) {
    ExperimentSummary one;
    one.metrics.resize(1);
    report.experiments.push_back(one);
  }
  const Comparison found = compare_table(report, comparison_tables(report).front());
  EXPECT_THAT(found.pairs, IsEmpty());
  EXPECT_THAT(found.notes, ElementsAre(HasSubstr("61 experiments are too many")));
}

}  // namespace
}  // namespace assay
