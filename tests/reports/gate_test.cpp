// SPDX-License-Identifier: Apache-2.0
#include "reports/gate/gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "core/error.h"
#include "core/metric_kind.h"
#include "core/random.h"
#include "reports/gate/gate_files.h"
#include "reports/gate/gate_text.h"
#include "reports/state_difference.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::MadeUpRun;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

Protocol protocol(const std::string& generated = "100", const std::string& evaluations = "") {
  Protocol fields = {{"extractor", "pixels"}, {"n_generated", generated}};
  if (!evaluations.empty()) fields["network_evaluations"] = evaluations;
  return fields;
}

class GateTest : public ::testing::Test {
 protected:
  // Seeds first, first + 1, … of one experiment.
  void add(const std::string& file, const std::vector<double>& fd, std::uint64_t first = 0,
           const MadeUpRun& like = {}, const Protocol& fields = protocol()) {
    MadeUpRun run = like;
    run.seed = first;
    test::add_runs_of_fd(folder / file, run, fd, fields);
  }
  GateResult held(GateMatch match = GateMatch::kId, double alpha = 0.01) {
    return gate({.baseline = folder / "base.sqlite",
                 .database = folder / "now.sqlite",
                 .match = match,
                 .alpha = alpha});
  }
  static const GateRow& row(const GateResult& result, const std::string& metric) {
    for (const GateRow& one : result.rows) {
      if (one.metric == metric) return one;
    }
    throw std::logic_error("no row " + metric);
  }

  test::TemporaryFolder folder;
};

const std::vector<double> kSix = {10, 10.4, 9.6, 10.2, 9.8, 10.1};
const std::vector<double> kOther = {10.1, 9.7, 10.3, 9.9, 10.2, 10};
const std::vector<double> kBad = {30, 30.4, 29.6, 30.2, 29.8, 30.1};

TEST_F(GateTest, EqualScoresOfEqualSeedsPassToTheBit) {
  add("base.sqlite", kSix);
  add("now.sqlite", kSix);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kPassed);
  EXPECT_EQ(exit_code_of(result.outcome), 0);
  ASSERT_THAT(result.bits, SizeIs(1));
  EXPECT_EQ(result.bits[0].equal, 6);
  EXPECT_THAT(bits_text(result.bits[0]), HasSubstr("6 of 6 seeds end in the same state"));
}

TEST_F(GateTest, WorseIsARegressionInEveryOutput) {
  add("base.sqlite", kSix);
  add("now.sqlite", kBad, 10);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kRegression);
  EXPECT_EQ(exit_code_of(result.outcome), 1);
  EXPECT_THAT(gate_annotations(result),
              HasSubstr("::error title=fd@pixels worse of vae/example::"));
  EXPECT_THAT(gate_markdown(result), HasSubstr("**worse**"));
  EXPECT_THAT(gate_junit(result), HasSubstr("failures=\"1\""));
  const auto json = gate_json(result);
  EXPECT_EQ(json["exit_code"], 1);
  EXPECT_EQ(json["rows"][0]["verdict"], "worse");
  // All of them say one number.
  const std::string effect = "+20";
  EXPECT_DOUBLE_EQ(json["rows"][0]["effect"].get<double>(), 20.0);
  for (const auto& text : {gate_annotations(result), gate_markdown(result), gate_junit(result)})
    EXPECT_THAT(text, HasSubstr(effect));
}

TEST_F(GateTest, BetterIsAFindingAndPasses) {
  add("base.sqlite", kBad);
  add("now.sqlite", kSix, 10);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kPassed);
  EXPECT_THAT(result.summary, HasSubstr("1 better (a finding too"));
  EXPECT_THAT(gate_annotations(result), HasSubstr("::warning title=fd@pixels better"));
}

TEST_F(GateTest, OtherSeedsOfTheSameAreSameOrInconclusive) {
  add("base.sqlite", kSix);
  add("now.sqlite", kOther, 10);
  EXPECT_EQ(held().outcome, GateOutcome::kPassed) << "a tenth of the mean can be ruled out";
  std::filesystem::remove(folder / "now.sqlite");
  add("now.sqlite", {10.3}, 10);
  EXPECT_EQ(held().outcome, GateOutcome::kInconclusive);
  EXPECT_EQ(exit_code_of(GateOutcome::kInconclusive), 5);
}

TEST_F(GateTest, RepeatedSeedsAreHeldAgainstThemselves) {
  add("base.sqlite", kSix);
  add("now.sqlite", {kSix[0]});  // one of six, to the bit
  EXPECT_EQ(held().outcome, GateOutcome::kPassed);
  EXPECT_EQ(row(held(), "fd@pixels").decision.test, "identical");
  EXPECT_THAT(held().notes.at(0), HasSubstr("5 of the baseline's 6 seeds were not run"));
  std::filesystem::remove(folder / "now.sqlite");
  add("now.sqlite", {kSix[0] + 0.001, kSix[1] - 0.001, kSix[2] + 0.002});
  EXPECT_EQ(row(held(), "fd@pixels").decision.test, "paired_t");
  EXPECT_EQ(held().outcome, GateOutcome::kPassed);
}

TEST_F(GateTest, AChangedBaselineIsRefused) {
  add("base.sqlite", kSix);
  add("now.sqlite", kSix);
  {
    auto database = Database::open_for_writing(folder / "base.sqlite");
    database.execute("UPDATE metric SET value = value - 1");
  }
  EXPECT_THAT([&] { held(); }, testing::ThrowsMessage<Error>(HasSubstr("was changed after")));
}

TEST_F(GateTest, NothingMeasuredDoesNotPass) {
  add("base.sqlite", kSix);
  MadeUpRun other;
  other.experiment = "gan/else";
  other.id_digit = 'b';
  add("now.sqlite", kSix, 0, other);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kNoGo);
  EXPECT_EQ(exit_code_of(result.outcome), 6);
  EXPECT_THAT(result.absent[0], HasSubstr("no new run of this definition"));
  EXPECT_THAT(gate_junit(result), HasSubstr("errors=\"1\""));
}

TEST_F(GateTest, RunsOfTheBaselineItselfAreNotNew) {
  add("base.sqlite", kSix);
  std::filesystem::copy_file(folder / "base.sqlite", folder / "now.sqlite");
  EXPECT_EQ(held().outcome, GateOutcome::kNoGo);
}

TEST_F(GateTest, LessThanTheBaselineHoldsDoesNotPass) {
  add("base.sqlite", kSix);
  MadeUpRun second;
  second.experiment = "gan/second";
  second.id_digit = 'b';
  add("base.sqlite", kSix, 0, second);
  add("now.sqlite", kSix);
  EXPECT_EQ(held().outcome, GateOutcome::kNoGo);
  // A regression is louder than what is absent.
  std::filesystem::remove(folder / "now.sqlite");
  add("now.sqlite", kBad);
  EXPECT_EQ(held().outcome, GateOutcome::kRegression);
}

TEST_F(GateTest, AnotherProtocolIsNotMeasuredAndTheFieldIsNamed) {
  add("base.sqlite", kSix);
  add("now.sqlite", kSix, 0, {}, protocol("200"));
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kNoGo);
  EXPECT_THAT(result.absent.at(0), HasSubstr("another protocol (n_generated)"));
}

TEST_F(GateTest, AChangedDefinitionMeetsItsBaselineByNameAlone) {
  add("base.sqlite", kSix);
  MadeUpRun changed;
  changed.id_digit = 'c';
  add("now.sqlite", kBad, 0, changed);
  EXPECT_EQ(held().outcome, GateOutcome::kNoGo);
  EXPECT_EQ(held(GateMatch::kName).outcome, GateOutcome::kRegression);
}

TEST_F(GateTest, DivergedSeedsAreARegressionNotAbsent) {
  add("base.sqlite", kSix);
  add("now.sqlite", {10.0}, 10);
  MadeUpRun diverged;
  diverged.status = "diverged";
  diverged.reason = "loss is nan";
  add("now.sqlite", {0, 0, 0, 0, 0, 0}, 11, diverged);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kRegression);
  EXPECT_EQ(row(result, "fd@pixels").decision.lost_right, 6);
}

TEST_F(GateTest, MoreNetworkEvaluationsAreCountedNotTested) {
  add("base.sqlite", kSix, 0, {}, protocol("100", "50"));
  add("now.sqlite", kSix, 0, {}, protocol("100", "55"));
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kRegression);
  EXPECT_EQ(row(result, "network_evaluations of fd@pixels").decision.effect, 5.0);
}

TEST_F(GateTest, RulesOfTheBaselinesDefinitionDecideWhatCounts) {
  MadeUpRun ruled;
  ruled.settings = "[gate.fd]\nabsolute = 25.0\n";
  add("base.sqlite", kSix, 0, ruled);
  add("now.sqlite", kBad, 10, ruled);
  EXPECT_EQ(held().outcome, GateOutcome::kPassed) << "20 worse, 25 are allowed";
  std::filesystem::remove(folder / "base.sqlite");
  ruled.settings =
      "[gate.fd]\nimportance = \"advisory\"\n[gate.\"loss: loss\"]\n"
      "importance = \"critical\"\n";
  add("base.sqlite", kSix, 0, ruled);
  const GateResult result = held();
  EXPECT_NE(result.outcome, GateOutcome::kRegression);
  EXPECT_EQ(row(result, "loss: loss").importance, Importance::kCritical);
}

TEST_F(GateTest, ACriticalRuleThatMeetsNothingDoesNotPass) {
  MadeUpRun ruled;
  ruled.settings = "[gate.nosuch]\nimportance = \"critical\"\n";
  add("base.sqlite", kSix, 0, ruled);
  add("now.sqlite", kSix, 0, ruled);
  const GateResult result = held();
  EXPECT_EQ(result.outcome, GateOutcome::kNoGo);
  ASSERT_EQ(result.absent.size(), 1U);
  EXPECT_THAT(result.absent[0], HasSubstr("[gate.nosuch]"));
}

TEST_F(GateTest, RunsOnOtherDataAreNamedSo) {
  MadeUpRun elsewhere;
  elsewhere.device = "cuda";
  add("base.sqlite", kSix);
  add("now.sqlite", kSix, 0, elsewhere);
  EXPECT_THAT(held().absent.at(0), HasSubstr("differ in device (cpu / cuda)"));
}

TEST_F(GateTest, WhereTheStateMovedItSaysWhatDepartedFirst) {
  add("base.sqlite", kSix);
  add("now.sqlite", {kSix[0], kSix[1]});
  MadeUpRun moved;
  moved.state_hash = std::string(64, 'f');
  moved.first_loss = 2.5;
  add("now.sqlite", {kSix[2]}, 2, moved);
  add("now.sqlite", {kSix[3], kSix[4], kSix[5]}, 3);
  const GateResult result = held();
  EXPECT_EQ(result.bits.at(0).equal, 5);
  EXPECT_THAT(result.bits[0].first, HasSubstr("seed 2: loss at"));
  EXPECT_THAT(result.bits[0].first, HasSubstr("was 2 and is 2.5"));
}

TEST_F(GateTest, WhereTheStateMovedItSaysWhichTensorsAreOthers) {
  const auto with_tensors = [](const std::string& bias) {
    MadeUpRun run;
    run.artifacts = {{std::string(kStateTensors), run.images, "text/csv",
                      "tensor,sha256\n0.bias," + bias + "\n0.weight,0a\n"}};
    return run;
  };
  add("base.sqlite", {kSix[0]}, 0, with_tensors("1b"));
  MadeUpRun moved = with_tensors("2c");
  moved.state_hash = std::string(64, 'f');
  add("now.sqlite", {kSix[0]}, 0, moved);
  EXPECT_THAT(held().bits.at(0).first,
              HasSubstr("; 1 of 2 tensors of the final state differ, first 0.bias"));
}

TEST(StateDifference, NamesTheFirstOfTheTensorsThatDiffer) {
  const std::string state = "tensor,sha256\na,11\nb,22\nc,33\n";
  EXPECT_EQ(state_difference(state, state), "");
  EXPECT_EQ(state_difference(state, ""), "");
  EXPECT_EQ(state_difference("", state), "");
  EXPECT_EQ(state_difference(state, "tensor,sha256\na,11\nb,23\nc,34\n"),
            "2 of 3 tensors of the final state differ, first b");
  // One that is gone, and one that is new.
  EXPECT_EQ(state_difference(state, "tensor,sha256\na,11\nb,22\nd,33\n"),
            "2 of 4 tensors of the final state differ, first c");
}

TEST_F(GateTest, RunsOfOtherThreadsAreHeldAndNamed) {
  add("base.sqlite", kSix);
  MadeUpRun threaded;
  threaded.threads = 2;
  add("now.sqlite", kOther, 10, threaded);
  const GateResult result = held();
  ASSERT_THAT(result.notes, SizeIs(1));
  const std::string note =
      "vae/example: The runs differ in threads: 1 (the baseline), 2 (this); no mean mixes them";
  EXPECT_THAT(result.notes[0], HasSubstr(note));
  EXPECT_THAT(gate_json(result)["notes"][0].get<std::string>(), HasSubstr(note));
  EXPECT_THAT(gate_annotations(result), HasSubstr("::warning title=runs differ::vae/example"));
  EXPECT_THAT(gate_markdown(result), HasSubstr("differ in threads"));
}

TEST_F(GateTest, TextsOfOthersStayTexts) {
  MadeUpRun hostile;
  hostile.experiment = "vae/<script>|%0A::error::\n\x01";
  add("base.sqlite", kSix, 0, hostile);
  add("now.sqlite", kBad, 10, hostile);
  const GateResult result = held();
  const std::string xml = gate_junit(result);
  EXPECT_THAT(xml, Not(HasSubstr("<script>")));
  EXPECT_THAT(xml, Not(HasSubstr("\x01")));
  EXPECT_THAT(gate_markdown(result), Not(HasSubstr("<script>")));
  for (const char* injected : {"\n::error::", "title=fd@pixels worse of vae/<script>|%0A::"})
    EXPECT_THAT(gate_annotations(result), Not(HasSubstr(injected)));
}

// A/A: two databases whose scores are drawn alike, twelve metrics each.
TEST(GateSimulated, FalseAlarmsStayBelowOnePercent) {
  RandomStream random(17);
  constexpr int kDraws = 2000;
  constexpr int kMetrics = 12;
  int alarms = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    std::vector<Decision> decisions(kMetrics);
    const Terms terms{.better = Better::kLower, .alpha = 0.01};
    std::vector<TableRow> table;
    for (Decision& decision : decisions) {
      Sample left, right;
      for (std::uint64_t seed = 0; seed < 6; ++seed) {
        left.scores.push_back({seed, 20 + random.normal()});
        right.scores.push_back({seed + 100, 20 + random.normal()});
      }
      decision = compare_samples(left, right, terms);
      table.push_back({&decision, &terms});
    }
    settle(table);
    alarms += std::ranges::any_of(decisions, [](const Decision& one) {
      return one.verdict == Verdict::kWorse || one.verdict == Verdict::kBetter;
    });
  }
  // Both sides together at most 1 %; three standard errors of 2000 draws are 0.7 %.
  EXPECT_LT(alarms, 0.017 * kDraws);
}

}  // namespace
}  // namespace assay
