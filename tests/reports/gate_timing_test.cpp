// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate_timing.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/random.h"
#include "reports/gate/gate_files.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;

// A gate over speeds alone.
std::vector<GateRow> settled(const std::vector<TimedPhase>& phases) {
  std::vector<GateRow> rows;
  for (const TimedPhase& phase : phases)
    rows.push_back(timing_row(phase, "x", {.importance = Importance::kSupporting}, 0.01));
  std::vector<TableRow> table;
  for (GateRow& row : rows) table.push_back({&row.decision, &row.terms});
  settle(table);
  return rows;
}

// Speeds of two builds on a machine whose pace wanders by a fifth from round to round, and that is
// disturbed by a twentieth from process to process. `slower`: how much longer this build takes.
TimedPhase drawn(RandomStream& random, int rounds, double slower) {
  TimedPhase phase{"id", "sample", {}, {}};
  for (int i = 0; i < rounds; ++i) {
    const double pace = 1000.0 * std::exp(0.2 * random.normal());
    phase.base.push_back(pace * std::exp(0.05 * random.normal()));
    phase.current.push_back(pace / slower * std::exp(0.05 * random.normal()));
  }
  return phase;
}

TEST(GateTimingSimulated, PairsOfOneBuildGiveNoMoreFalseAlarmsThanOnePercent) {
  RandomStream random(3);
  constexpr int kDraws = 2000;
  int alarms = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<TimedPhase> phases;
    for (int phase = 0; phase < 6; ++phase) phases.push_back(drawn(random, 10, 1.0));
    alarms += std::ranges::any_of(settled(phases), [](const GateRow& row) {
      return row.decision.verdict == Verdict::kWorse || row.decision.verdict == Verdict::kBetter;
    });
  }
  EXPECT_LE(alarms, 0.01 * kDraws);
}

// The guard is what keeps small true differences out: the test itself sees them.
TEST(GateTimingSimulated, APaceThatIsAFewPercentLowerPasses) {
  RandomStream random(4);
  int worse = 0;
  for (int draw = 0; draw < 500; ++draw)
    worse += settled({drawn(random, 10, 1.03)})[0].decision.verdict == Verdict::kWorse;
  EXPECT_LE(worse, 5);
}

TEST(GateTimingSimulated, ASamplerThatTakesTwoFifthsLongerIsCaught) {
  RandomStream random(5);
  constexpr int kDraws = 1000;
  int caught = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<TimedPhase> phases = {drawn(random, 10, 1.4)};
    for (int phase = 0; phase < 5; ++phase) phases.push_back(drawn(random, 10, 1.0));
    caught += settled(phases)[0].decision.verdict == Verdict::kWorse;
  }
  EXPECT_GE(caught, 0.99 * kDraws);
}

TEST(GateTiming, RulesOfTheDefinitionMoveItsGuard) {
  // Half as fast in every round: −500 of 1000.
  const TimedPhase half{"id", "train", {1000, 1010, 990, 1000}, {500, 505, 495, 501}};
  GateRule rule{.importance = Importance::kSupporting, .relative = 0.6};
  GateRow row = timing_row(half, "x", rule, 0.01);
  const std::vector<TableRow> table = {{&row.decision, &row.terms}};
  settle(table);
  EXPECT_EQ(row.metric, "images/s: train");
  EXPECT_EQ(row.decision.test, "paired_t");
  EXPECT_NEAR(*row.decision.effect, -499.75, 1e-9);
  EXPECT_EQ(row.decision.verdict, Verdict::kSame) << "within 600";
}

class GateTimed : public ::testing::Test {
 protected:
  GateTimed() {
    for (const char* file : {"base.sqlite", "now.sqlite"}) {
      test::add_runs_of_fd(folder / file, {}, {10.0, 11.0, 12.0});
    }
  }
  GateResult held(const std::vector<TimedPhase>& timed) {
    return gate(
        {.baseline = folder / "base.sqlite", .database = folder / "now.sqlite", .timed = timed});
  }
  test::TemporaryFolder folder;
  const std::string id_ = std::string(64, 'a');
};

TEST_F(GateTimed, ASlowerPhaseIsARegressionAndEveryRoundIsKept) {
  const GateResult slower =
      held({{id_, "sample", {100, 101, 99, 100, 102}, {60, 61, 59, 60.5, 61}}});
  EXPECT_EQ(slower.outcome, GateOutcome::kRegression);
  const auto json = gate_json(slower);
  for (const auto& row : json["rows"]) {
    if (row["metric"] != "images/s: sample") continue;
    EXPECT_EQ(row["verdict"], "worse");
    EXPECT_EQ(row["baseline_scores"].size(), 5U);
    EXPECT_EQ(row["scores"]["3"], 60.5);
    EXPECT_THAT(row["sentence"].get<std::string>(),
                HasSubstr("this build is worse than the base build: −40"));
  }
  EXPECT_EQ(held({{id_, "sample", {100, 101, 99, 100, 102}, {101, 100, 99, 101, 101}}}).outcome,
            GateOutcome::kPassed);
}

TEST_F(GateTimed, ADefinitionThatWasNotTimedDoesNotPass) {
  const GateResult result = held({{std::string(64, 'f'), "sample", {1, 2, 3}, {1, 2, 3}}});
  EXPECT_EQ(result.outcome, GateOutcome::kNoGo);
  ASSERT_THAT(result.absent, SizeIs(1));
  EXPECT_THAT(result.absent[0], HasSubstr("no speed was measured beside the base build"));
}

}  // namespace
}  // namespace assay
