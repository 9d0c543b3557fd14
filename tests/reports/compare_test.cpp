// SPDX-License-Identifier: Apache-2.0
#include "reports/comparison/compare.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "reports/comparison/compare_json.h"
#include "reports/comparison/compare_text.h"
#include "reports/synthetic_database.h"
#include "results/database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::MadeUpRun;
using ::testing::HasSubstr;
using ::testing::SizeIs;

class CompareTest : public ::testing::Test {
 protected:
  // Runs of one experiment in one database, fd of seeds first, first + 1, ….
  void add(const std::string& file, const std::string& experiment, char id,
           const std::vector<double>& fd, std::uint64_t first = 0,
           const std::string& generated = "100") {
    test::add_runs_of_fd(folder / file, {.experiment = experiment, .id_digit = id, .seed = first},
                         fd, {{"extractor", "pixels"}, {"n_generated", generated}});
  }

  CompareOperand whole(const std::string& file) const {
    return {.label = file, .database = folder / file, .whole = true};
  }
  CompareOperand experiment(const std::string& name) const {
    return {.label = name, .database = folder / "a.sqlite", .experiments = {name}};
  }

  test::TemporaryFolder folder;
};

TEST_F(CompareTest, DatabasesMeetExperimentByExperimentOfOneName) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12, 10.5});
  add("a.sqlite", "vae/only_here", 'c', {1, 2});
  add("b.sqlite", "vae/x", 'b', {30, 31, 32, 30.5});  // changed definition, same name
  const Comparison found = compare({whole("a.sqlite"), whole("b.sqlite")}, {});
  ASSERT_THAT(found.pairs, SizeIs(1));
  EXPECT_EQ(found.pairs[0].decision.verdict, Verdict::kWorse);
  EXPECT_EQ(found.pairs[0].decision.n, 4);
  EXPECT_DOUBLE_EQ(*found.pairs[0].decision.effect, 20.0);
  ASSERT_THAT(found.notes, SizeIs(2));
  EXPECT_THAT(found.notes[0], HasSubstr("only_here"));
  EXPECT_THAT(found.notes[1], HasSubstr("defined otherwise (ids aaaaaaaa and bbbbbbbb)"));
  EXPECT_THAT(sentence_of(found, found.pairs[0]),
              HasSubstr("vae/x of b.sqlite is worse than vae/x of a.sqlite: +20"));
}

TEST_F(CompareTest, SeveralExperimentsMeetEachWithEach) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12});
  add("a.sqlite", "gan/y", 'b', {20, 21, 22});
  add("a.sqlite", "gan/z", 'c', {20.5, 21, 21.5});
  const Comparison found =
      compare({experiment("vae/x"), experiment("gan/y"), experiment("gan/z")}, {});
  ASSERT_THAT(found.pairs, SizeIs(3));
  EXPECT_EQ(found.pairs[2].decision.verdict, Verdict::kInconclusive);
  EXPECT_THAT(sentence_of(found, found.pairs[2]), HasSubstr("no difference can be shown"));
  const auto rows = compare_rows(found);
  ASSERT_THAT(rows, SizeIs(3));
  // scipy.stats.t.interval(0.95, 2, 11, 1 / sqrt(3))
  EXPECT_EQ(rows[0].cells[0], "11.0 ± 1.0 [8.52, 13.5] (n = 3), rank 1");
  EXPECT_THAT(rows[1].cells[0], HasSubstr("(n = 3), rank 2–3"));
}

TEST_F(CompareTest, ScoresOfOtherProtocolsAreNamedAndNotCompared) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12});
  add("b.sqlite", "vae/x", 'b', {10, 11, 12}, 0, "150");
  const Comparison found = compare({whole("a.sqlite"), whole("b.sqlite")}, {});
  ASSERT_THAT(found.pairs, SizeIs(1));
  EXPECT_EQ(found.pairs[0].decision.verdict, Verdict::kNotComparable);
  EXPECT_FALSE(found.pairs[0].decision.p);
  EXPECT_THAT(sentence_of(found, found.pairs[0]), HasSubstr("n_generated: 100 / 150"));
  const auto metric = compare_json(found)["comparisons"][0]["metrics"].front();
  EXPECT_EQ(metric["verdict"], "not_comparable");
  EXPECT_TRUE(metric["p"].is_null());
}

TEST_F(CompareTest, AFilterChoosesSeeds) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12, 90, 91, 92});
  add("b.sqlite", "vae/x", 'a', {20, 21, 22, 90, 91, 92}, 10);
  CompareOptions options;
  options.where = Where("seed < 3 or (seed >= 10 and fd <= 22.5)");
  const Comparison found = compare({whole("a.sqlite"), whole("b.sqlite")}, options);
  EXPECT_EQ(found.pairs.at(0).decision.n, 3);
  EXPECT_DOUBLE_EQ(*found.pairs[0].decision.effect, 10.0);
}

TEST_F(CompareTest, ADivergedSeedCountsAsLost) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12});
  add("b.sqlite", "vae/x", 'a', {10, 11}, 10);
  {
    auto database = Database::open_for_writing(folder / "b.sqlite");
    MadeUpRun run;
    run.experiment = "vae/x";
    run.id_digit = 'a';
    run.seed = 12;
    run.status = "diverged";
    run.reason = "loss is nan";
    test::add_run(database, run);
  }
  const Comparison found = compare({whole("a.sqlite"), whole("b.sqlite")}, {});
  EXPECT_EQ(found.pairs.at(0).decision.lost_right, 1);
  EXPECT_EQ(found.pairs[0].decision.test, "mann_whitney");
  EXPECT_THAT(sentence_of(found, found.pairs[0]), HasSubstr("0 of 3 and 1 of 3, ranked worst"));
}

TEST_F(CompareTest, MeansThatMixSettingsAreNamed) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12});
  add("a.sqlite", "gan/y", 'b', {20, 21, 22});
  const auto both = [&] { return compare({experiment("vae/x"), experiment("gan/y")}, {}); };
  EXPECT_THAT(both().notes, SizeIs(0));
  {
    auto database = Database::open_for_writing(folder / "a.sqlite");
    MadeUpRun run;
    run.experiment = "gan/y";
    run.id_digit = 'b';
    run.seed = 3;
    run.threads = 2;
    run.last = {{"fd", 23, 0.5, {{"extractor", "pixels"}, {"n_generated", "100"}}}};
    test::add_run(database, run);
  }
  const auto notes = both().notes;
  ASSERT_THAT(notes, SizeIs(1));
  EXPECT_EQ(
      notes[0],
      "The runs differ in threads: 1 (gan/y and vae/x), 2 (gan/y); they are pooled all the same "
      "in gan/y.");
}

TEST_F(CompareTest, AMetricThatNobodyHasIsRefusedBesideOneThatIsThere) {
  add("a.sqlite", "vae/x", 'a', {10, 11, 12});
  add("a.sqlite", "gan/y", 'b', {20, 21, 22});
  CompareOptions options;
  options.metrics = {"fd", "fd@pixel"};
  EXPECT_THAT(
      [&] {
        compare({experiment("vae/x"), experiment("gan/y")}, options);
      },
      testing::ThrowsMessage<Error>(
          HasSubstr("--metric fd@pixel: none of these runs has it; did you mean 'fd@pixels'")));
  options.metrics = {"fd", "fd@pixels"};
  EXPECT_THAT(compare({experiment("vae/x"), experiment("gan/y")}, options).pairs, SizeIs(1));
}

TEST_F(CompareTest, OneThingAloneIsToldWhatItLacks) {
  add("a.sqlite", "vae/x", 'a', {10, 11});
  EXPECT_THAT([&] { compare({experiment("vae/x")}, {}); },
              testing::ThrowsMessage<Error>(HasSubstr("vae/x stands alone; name what it is")));
  EXPECT_THAT([&] { compare({whole("a.sqlite")}, {}); },
              testing::ThrowsMessage<Error>(HasSubstr("a.sqlite is a whole database")));
  // Under two definitions it can be compared with itself.
  add("a.sqlite", "vae/x", 'b', {20, 21});
  EXPECT_THAT(compare({experiment("vae/x")}, {}).pairs, SizeIs(1));
}

TEST_F(CompareTest, WhereNothingMeetsItSaysWhatThereIs) {
  add("a.sqlite", "vae/x", 'a', {10, 11});
  add("b.sqlite", "vae/y", 'b', {10, 11});
  try {
    compare({whole("a.sqlite"), whole("b.sqlite")}, {});
    FAIL() << "compared nothing";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("vae/x of a.sqlite: not in b.sqlite"));
  }
}

// Scores of single examples: one line each, below their name.
Artifact examples_of(const std::string& metric, const std::vector<double>& values) {
  std::string text = metric + "\n";
  for (const double value : values) text += fmt::format("{}\n", value);
  return {"examples_" + metric, 1000, "text/csv", text};
}

TEST_F(CompareTest, SingleExamplesArePairedBesideTheSeeds) {
  // Two trainings a side; an example's score is the mean of both.
  const auto add_with = [&](const std::string& experiment, char id, double fd,
                            const std::vector<double>& values) {
    for (std::uint64_t seed = 0; seed < 2; ++seed) {
      MadeUpRun run{.experiment = experiment, .id_digit = id, .seed = seed};
      auto moved = values;
      for (double& value : moved) value += seed == 0 ? 0.25 : -0.25;
      run.artifacts = {examples_of("fd", moved)};
      test::add_runs_of_fd(folder / "a.sqlite", run, {fd + static_cast<double>(seed)});
    }
  };
  add_with("vae/x", 'a', 10.0, {1.0, 2.0, 3.0, 4.0});
  add_with("vae/y", 'b', 11.0, {0.0, 1.0, 4.0, 1.0});
  const Comparison found = compare({experiment("vae/x"), experiment("vae/y")}, {});
  ASSERT_THAT(found.pairs, SizeIs(1));
  ASSERT_TRUE(found.pairs[0].examples);
  const ExamplePairs& examples = *found.pairs[0].examples;
  EXPECT_EQ(examples.examples, 4);
  EXPECT_EQ(examples.left_runs, 2);
  EXPECT_DOUBLE_EQ(examples.lower, 0.75);
  // Differences −1, −1, 1, −3: mean −1, sd √(8/3), t_{0.975, 3} = 3.18245.
  EXPECT_DOUBLE_EQ(examples.difference.value, -1.0);
  ASSERT_TRUE(examples.difference.interval);
  EXPECT_NEAR(examples.difference.interval->high, -1.0 + 3.182446 * std::sqrt(8.0 / 3.0) / 2.0,
              1e-5);
  const auto metric = compare_json(found)["comparisons"][0]["metrics"].front();
  EXPECT_EQ(metric["examples"]["n"], 4);
  EXPECT_THAT(example_pairs_text(examples, "vae/y"), HasSubstr("not seeds"));
  // The seeds' own verdict is what it is without them.
  EXPECT_EQ(found.pairs[0].decision.n, 2);
}

TEST_F(CompareTest, ExamplesOfOtherNumbersAreNotPaired) {
  MadeUpRun run{.experiment = "vae/x", .id_digit = 'a'};
  run.artifacts = {examples_of("fd", {1.0, 2.0})};
  test::add_runs_of_fd(folder / "a.sqlite", run, {10.0});
  run = {.experiment = "vae/y", .id_digit = 'b'};
  run.artifacts = {examples_of("fd", {1.0, 2.0, 3.0})};
  test::add_runs_of_fd(folder / "a.sqlite", run, {11.0});
  EXPECT_FALSE(compare({experiment("vae/x"), experiment("vae/y")}, {}).pairs[0].examples);
}

}  // namespace
}  // namespace assay
