// SPDX-License-Identifier: Apache-2.0
#include "results/where.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class WhereTest : public ::testing::Test {
 protected:
  WhereTest() {
    auto writer = Database::open_for_writing(folder / "w.sqlite");
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      test::MadeUpRun run;
      run.experiment = seed == 3 ? "gan/it's" : "vae/example";
      run.id_digit = seed == 3 ? 'b' : 'a';
      run.seed = seed;
      run.dirty = seed == 2;
      run.last = {{"fd",
                   10.0 * static_cast<double>(seed),
                   0.5,
                   {{"extractor", "pixels"}, {"metric", "fd"}}}};
      test::add_run(writer, run);
    }
  }
  std::set<std::int64_t> runs_of(std::string_view text) {
    return Where(text).runs_of(Database::open_for_reading(folder / "w.sqlite"));
  }
  std::string error_of(std::string_view text) {
    try {
      runs_of(text);
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  }

  test::TemporaryFolder folder;
};

TEST_F(WhereTest, FindsRunsByColumnsAndByTheirLastScores) {
  EXPECT_THAT(runs_of("seed < 2"), ElementsAre(1, 2));
  EXPECT_THAT(runs_of("fd >= 10 and family = 'vae'"), ElementsAre(2, 3));
  EXPECT_THAT(runs_of("fd@pixels = 30"), ElementsAre(4));
  EXPECT_THAT(runs_of("seed in (0, 3)"), ElementsAre(1, 4));
  EXPECT_THAT(runs_of("name like 'gan/%'"), ElementsAre(4));
  EXPECT_THAT(runs_of("experiment = \"gan/it's\""), ElementsAre(4));
  EXPECT_THAT(runs_of("NOT dirty AND SEED != 0"), ElementsAre(2, 4));
  EXPECT_THAT(runs_of("dirty = true"), ElementsAre(3));
  EXPECT_THAT(runs_of("seed > -1.5e0"), SizeIs(4));
}

TEST_F(WhereTest, AndBindsTighterThanOr) {
  EXPECT_THAT(runs_of("seed = 0 or seed = 1 and fd > 50"), ElementsAre(1));
  EXPECT_THAT(runs_of("(seed = 0 or seed = 1) and fd > 5"), ElementsAre(2));
}

TEST_F(WhereTest, WhatIsNoConditionIsRefusedWithItsPlace) {
  for (const auto* text :
       {"", "1=1; DELETE FROM run", "seed <", "seed = 1; DROP TABLE run", "seed = 'a", "(seed = 1",
        "seed in 1", "seed = 1 seed = 2", "seed = 1 --", "= 3", "seed = x", "seed in ()",
        "seed = 1 or", "status", "fd", "fd < nan", "fd < inf", "\xff"}) {
    EXPECT_THAT(error_of(text), HasSubstr("at character")) << text;
  }
  EXPECT_THAT(error_of(std::string(1000, '(')), HasSubstr("fewer parentheses"));
  EXPECT_THAT(runs_of("seed >= 0"), SizeIs(4));
}

TEST_F(WhereTest, AFlagStandsByItself) {
  EXPECT_THAT(runs_of("smoke"), IsEmpty());
  EXPECT_THAT(runs_of("not smoke"), SizeIs(4));
}

TEST_F(WhereTest, AnUnknownNameIsAnsweredWithTheNearMiss) {
  EXPECT_THAT(error_of("sead = 1"), HasSubstr("seed"));
  EXPECT_THAT(error_of("fdd < 3"), HasSubstr("fd"));
}

TEST_F(WhereTest, AScoreIsOfOneExtractor) {
  EXPECT_THAT(error_of("fd@inception-v3 < 30"),
              HasSubstr("'fd@inception-v3' was never scored here; there is: fd@pixels"));
  {
    auto writer = Database::open_for_writing(folder / "w.sqlite");
    test::MadeUpRun run;
    run.seed = 9;
    run.last = {{"fd", 3.0, 0.5, {{"extractor", "fmnist-cnn"}, {"metric", "fd"}}}};
    test::add_run(writer, run);
  }
  EXPECT_THAT(error_of("fd < 5"), HasSubstr("write one: fd@fmnist-cnn, fd@pixels"));
  EXPECT_THAT(runs_of("fd@fmnist-cnn < 5"), SizeIs(1));
  EXPECT_THAT(runs_of("fd@pixels < 5"), SizeIs(1));
}

TEST_F(WhereTest, TextsAreNeverSql) { EXPECT_THAT(runs_of("name = \"x' OR 1=1 --\""), IsEmpty()); }

}  // namespace
}  // namespace assay
