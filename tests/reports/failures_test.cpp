// SPDX-License-Identifier: Apache-2.0
#include "reports/failures.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

RecordedRun recorded(std::uint64_t seed, const std::string& status, std::vector<EventRow> events,
                     const std::string& started_at = "2026-01-01T00:00:00Z") {
  RecordedRun one;
  one.run.seed = seed;
  one.run.status = status;
  one.run.started_at = started_at;
  one.run.images_seen = 900;
  one.run.reason = status == "diverged" ? "loss is nan" : "";
  one.events = std::move(events);
  return one;
}

EventRow collapse(std::int64_t images, const std::string& text = "12 of 25 modes are covered") {
  return {"", images, "mode_collapse", text};
}

std::vector<std::uint64_t> seeds_of(const FailureSummary& failure) {
  std::vector<std::uint64_t> seeds;
  for (const auto& seed : failure.seeds) seeds.push_back(seed.seed);
  return seeds;
}

TEST(Failures, AreRatesOverSeedsThatEnded) {
  const std::vector<RecordedRun> runs = {
      recorded(0, "complete", {}), recorded(1, "complete", {collapse(500)}),
      recorded(2, "complete", {{"", 700, "vanishing_gradient", ""}, collapse(800)}),
      recorded(3, "diverged", {}), recorded(4, "failed", {})};
  const auto failures = failures_of(runs);
  ASSERT_EQ(failures.size(), 3U);
  EXPECT_EQ(failures[0].name, "mode_collapse");
  EXPECT_THAT(seeds_of(failures[0]), ElementsAre(1, 2));
  EXPECT_EQ(failure_text(failures[0]), "mode collapse in 2 of 5");
  // z = 1.959964: (0.4 + z²/10 ± z √(0.24/5 + z²/100)) / (1 + z²/5).
  EXPECT_DOUBLE_EQ(failures[0].rate.value, 0.4);
  EXPECT_NEAR(failures[0].rate.interval->low, 0.11762077423264788, 1e-12);
  EXPECT_NEAR(failures[0].rate.interval->high, 0.7692757187239871, 1e-12);
  EXPECT_EQ(failure_rate_text(failures[0]), "0.40 [0.12, 0.77]");
  EXPECT_EQ(failures[1].name, "vanishing_gradient");
  EXPECT_EQ(failures[2].name, "diverged");
  EXPECT_THAT(seeds_of(failures[2]), ElementsAre(3));
  EXPECT_EQ(failures[2].seeds[0].text, "loss is nan");
  EXPECT_EQ(failures[2].seeds[0].first_images, 900);
}

TEST(Failures, ASeedCountsOnceWithTheStepsBetweenWhichItWasSeen) {
  const std::vector<RecordedRun> runs = {
      recorded(7, "complete", {collapse(16'000, "9 modes"), collapse(64'000, "11 modes")})};
  const auto failures = failures_of(runs);
  ASSERT_EQ(failures.size(), 1U);
  ASSERT_EQ(failures[0].seeds.size(), 1U);
  EXPECT_EQ(failure_span_text(failures[0].seeds[0]), "at 16k to 64k images");
  EXPECT_EQ(failures[0].seeds[0].text, "11 modes");
}

// The scores are those of the newest complete run, so its failures are the seed's.
TEST(Failures, AreThoseOfTheRunThatStandsForTheSeed) {
  const auto again =
      failures_of(std::vector{recorded(0, "diverged", {collapse(100)}, "2026-01-03T00:00:00Z"),
                              recorded(0, "complete", {collapse(200)}, "2026-01-01T00:00:00Z"),
                              recorded(0, "complete", {}, "2026-01-02T00:00:00Z")});
  EXPECT_THAT(again, IsEmpty());
  const auto never =
      failures_of(std::vector{recorded(0, "failed", {}, "2026-01-01T00:00:00Z"),
                              recorded(0, "diverged", {collapse(100)}, "2026-01-02T00:00:00Z"),
                              recorded(0, "interrupted", {}, "2026-01-03T00:00:00Z")});
  ASSERT_EQ(never.size(), 2U);
  EXPECT_EQ(failure_text(never[0]), "mode collapse in 1 of 1");
  EXPECT_EQ(failure_text(never[1]), "diverged in 1 of 1");
}

TEST(Failures, WhatHasNotEndedOrNotBegunToTrainIsNone) {
  EXPECT_THAT(failures_of(std::vector{recorded(0, "running", {collapse(100)}),
                                      recorded(1, "interrupted", {collapse(100)}),
                                      recorded(2, "complete", {collapse(0)}),
                                      recorded(3, "complete", {{"", 50, "resumed", ""}})}),
              IsEmpty());
}

class FailuresInReports : public testing::Test {
 protected:
  FailuresInReports() {
    auto database = Database::open_for_writing(folder_ / "a.sqlite");
    for (std::uint64_t seed = 0; seed < 5; ++seed) {
      test::MadeUpRun run;
      run.experiment = "toy2d/grid_gan";
      run.seed = seed;
      run.uuid = "00000000-0000-4000-8000-00000000000" + std::to_string(seed);
      run.last = {{"modes_covered", 12.0, 0.0, {}}};
      if (seed == 1 || seed == 3)
        run.notes = {{1000, "mode_collapse", "12 of 25 modes <are> covered"}};
      test::add_run(database, run);
    }
    test::MadeUpRun sound;
    sound.id_digit = 'b';
    sound.last = {{"modes_covered", 25.0, 0.0, {}}};
    test::add_run(database, sound);
    report_ = build_report(folder_ / "a.sqlite", {});
  }
  test::TemporaryFolder folder_;
  Report report_;
};

TEST_F(FailuresInReports, StandBesideTheScoresAndInASectionOfThePage) {
  const std::string page = render(report_, Format::kHtml);
  EXPECT_THAT(page, HasSubstr("data-value=\"5\">5<small class=\"bad\">mode collapse in 2 of 5"));
  EXPECT_THAT(page, HasSubstr("<a href=\"#failures\">"));
  EXPECT_THAT(page, HasSubstr("seed 3 at 1000 images: 12 of 25 modes &lt;are&gt; covered"));
  // The experiment without an event says nothing.
  EXPECT_THAT(page, HasSubstr("data-value=\"1\">1</td>"));
}

TEST_F(FailuresInReports, StandInTheTablesOfMarkdownAndLatex) {
  const std::string markdown = render(report_, Format::kMarkdown);
  EXPECT_THAT(markdown, HasSubstr("| toy2d/grid\\_gan | 5<br>mode collapse in 2 of 5 |"));
  EXPECT_THAT(
      markdown,
      HasSubstr("| toy2d/grid\\_gan | mode collapse | 2 of 5 | 0.40 [0.12, 0.77] | seed 1"));
  EXPECT_THAT(markdown, HasSubstr("| vae/example | 1 |"));
  EXPECT_THAT(render(report_, Format::kLatex),
              HasSubstr("toy2d/grid\\_gan & mode collapse & 2 & 5 & 0.40 [0.12, 0.77] \\\\\n"));
}

TEST_F(FailuresInReports, AreRowsOfTheCsvWithTheirSeeds) {
  const std::string csv = render(report_, Format::kCsv);
  const std::string prefix = "toy2d/grid_gan," + std::string(64, 'a') + ",failure: mode_collapse,,";
  EXPECT_THAT(csv, HasSubstr(prefix + "failed,1,00000000-0000-4000-8000-000000000001,1000,1\n"));
  EXPECT_THAT(csv, HasSubstr(prefix + "n,,,,5\n"));
  EXPECT_THAT(csv, HasSubstr(prefix + "failed,,,,2\n"));
  EXPECT_THAT(csv, HasSubstr(prefix + "mean,,,,0.4\n"));
  EXPECT_THAT(csv, Not(HasSubstr(std::string(64, 'b') + ",failure")));
}

TEST_F(FailuresInReports, AreObjectsOfTheJson) {
  const auto json = nlohmann::json::parse(render(report_, Format::kJson));
  const auto& of_gan = json["experiments"][0]["failures"];
  ASSERT_EQ(of_gan.size(), 1U);
  EXPECT_EQ(of_gan[0]["failure"], "mode_collapse");
  EXPECT_EQ(of_gan[0]["failed"], 2);
  EXPECT_EQ(of_gan[0]["ended"], 5);
  EXPECT_EQ(of_gan[0]["seeds"][1]["seed"], 3);
  EXPECT_EQ(of_gan[0]["seeds"][1]["first_images"], 1000);
  EXPECT_THAT(json["experiments"][1]["failures"], IsEmpty());
}

}  // namespace
}  // namespace assay
