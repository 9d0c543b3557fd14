// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_rows.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/random.h"
#include "reports/claim_text.h"
#include "reports/render.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"
#include "results/queries.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;
using testing::HasSubstr;
using testing::Not;

ClaimEvidence evidence(const std::string& text, double shift) {
  Claim claim;
  claim.text = text;
  claim.left = "vae/left";
  claim.right = "vae/right";
  claim.metric = "fd@pixels";
  claim.test = ClaimTest::kMannWhitney;
  claim.factor = 2.0;
  claim.margin = 0.5;
  claim.source = "Burda et al. 2016";
  ClaimSide left{"vae/left", std::string(64, 'a')};
  ClaimSide right{"vae/right", std::string(64, 'b')};
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    const double value = 0.1 * static_cast<double>(seed + 1);
    left.seeds.push_back(seed);
    right.seeds.push_back(seed);
    left.values.push_back(
        {seed, "left-" + std::to_string(seed), value, "c0ffee", {{"device", "cpu"}}});
    right.values.push_back(
        {seed, "right-" + std::to_string(seed), value + shift, "c0ffee", {{"device", "cpu"}}});
  }
  ClaimEvidence found{claim, left, right};
  found.protocol_id = std::string(64, 'c');
  found.smoke = true;
  return found;
}

std::vector<VerdictRow> rows_of(const std::vector<ClaimEvidence>& claims, const std::string& suite,
                                const std::string& judging, const std::string& at) {
  std::vector<VerdictRow> rows;
  for (const auto& verdict : judge(claims)) {
    rows.push_back(to_row(verdict, suite, judging));
    rows.back().at = at;
  }
  return rows;
}

TEST(ClaimRow, HoldsTheColumnsOfTheTable) {
  const auto verdicts = judge(std::vector{evidence("left is lower", 10.0), evidence("b", 0.0)});
  const VerdictRow row = to_row(verdicts[0], "demo", "j");
  EXPECT_EQ(row.suite, "demo");
  EXPECT_EQ(row.kind, "claim");
  EXPECT_EQ(row.subject, "left is lower");
  EXPECT_EQ(row.outcome, "holds");
  EXPECT_EQ(row.effect, verdicts[0].effect->value);
  EXPECT_EQ(row.low, verdicts[0].effect->interval->low);
  EXPECT_EQ(row.high, verdicts[0].effect->interval->high);
  EXPECT_DOUBLE_EQ(*row.p, 2.0 / 252.0);  // Holm: the smaller of two
  EXPECT_EQ(row.n_a, 5);
  EXPECT_EQ(row.n_b, 5);
  const auto detail = nlohmann::json::parse(row.detail);
  EXPECT_DOUBLE_EQ(detail["claimed"]["p"].get<double>(), 1.0 / 252.0);
  EXPECT_DOUBLE_EQ(detail["adjusted"].get<double>(), 2.0 / 252.0);
  EXPECT_EQ(detail["left"]["values"][3]["run"], "left-3");
  EXPECT_EQ(detail["left"]["values"][3]["commit"], "c0ffee");
  EXPECT_EQ(detail["right"]["values"][0]["settings"]["device"], "cpu");
}

TEST(ClaimRow, ComesBackAsTheVerdictItWas) {
  auto absent = evidence("not run", 0.0);
  absent.missing = {"seed 1 of vae/left was not run"};
  const std::vector<ClaimEvidence> claims = {evidence("left is lower", 10.0), absent};
  const auto wanted = judge(claims);
  const auto stored = newest_verdicts(rows_of(claims, "demo", "j", "2026-11-23T12:00:00Z"));
  ASSERT_EQ(stored.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(stored[i].suite, "demo");
    EXPECT_EQ(stored[i].at, "2026-11-23T12:00:00Z");
    // Everything that is stored, once more.
    EXPECT_EQ(to_row(stored[i].verdict, "demo", "j").detail, to_row(wanted[i], "demo", "j").detail);
    EXPECT_EQ(stored[i].verdict.outcome, wanted[i].outcome);
    EXPECT_EQ(effect_text(stored[i].verdict), effect_text(wanted[i]));
  }
  EXPECT_EQ(stored[1].verdict.reason, "seed 1 of vae/left was not run");
}

TEST(ClaimRow, OfALostSeedComesBackWithIt) {
  auto lost = evidence("left is lower", 10.0);
  lost.right.values[2].value = std::numeric_limits<double>::infinity();
  lost.right.values[2].lost = "diverged: loss is nan";
  const auto row = to_row(judge(std::vector{lost})[0], "demo", "j");
  const ClaimVerdict found = newest_verdicts({&row, 1}).at(0).verdict;
  EXPECT_EQ(found.evidence.right.values[2].lost, "diverged: loss is nan");
  EXPECT_EQ(found.evidence.right.values[2].value, std::numeric_limits<double>::infinity());
  EXPECT_EQ(found.evidence.right.values[1].lost, "");
  EXPECT_EQ(to_row(found, "demo", "j").detail, row.detail);
}

TEST(ClaimRow, OfBeforeCommitsWereStoredComesBackWithoutThem) {
  auto row = to_row(judge(std::vector{evidence("left is lower", 10.0)})[0], "demo", "j");
  auto detail = nlohmann::ordered_json::parse(row.detail);
  for (const char* side : {"left", "right"}) {
    for (auto& value : detail[side]["values"]) {
      value.erase("commit");
      value.erase("settings");
    }
  }
  row.detail = detail.dump();
  const ClaimEvidence found = newest_verdicts({&row, 1}).at(0).verdict.evidence;
  EXPECT_EQ(found.left.values[3].uuid, "left-3");
  EXPECT_EQ(found.left.values[3].commit, "");
  EXPECT_TRUE(found.left.values[3].settings.empty());
}

TEST(ClaimRow, OfBeforeSettingsWereStoredComesBackWithItsDevice) {
  auto row = to_row(judge(std::vector{evidence("left is lower", 10.0)})[0], "demo", "j");
  auto detail = nlohmann::ordered_json::parse(row.detail);
  auto& value = detail["left"]["values"][3];
  value.erase("settings");
  value["device"] = "cuda";
  row.detail = detail.dump();
  const ClaimVerdict found = newest_verdicts({&row, 1}).at(0).verdict;
  EXPECT_EQ(found.evidence.left.values[3].settings.at("device"), "cuda");
  EXPECT_THAT(caveat_text(found), HasSubstr("runs that differ in device: cpu / cuda"));
}

TEST(NewestVerdicts, AreThoseOfTheLastJudgementOfEachSuite) {
  auto rows = rows_of({evidence("dropped since", 10.0), evidence("kept", 10.0)}, "demo", "j1",
                      "2026-11-23T12:00:00Z");
  const auto other = rows_of({evidence("other", 10.0)}, "other", "j2", "2026-11-22T12:00:00Z");
  const auto newer = rows_of({evidence("kept", 0.0)}, "demo", "j3", "2026-11-24T12:00:00Z");
  rows.insert(rows.end(), other.begin(), other.end());
  rows.insert(rows.end(), newer.begin(), newer.end());
  rows.insert(rows.end(), newer.begin(), newer.end());  // as in two databases
  rows.push_back(rows.front());                         // an old one, in a second database
  rows.push_back({"demo", "gate", "not a claim", "better"});
  const auto found = newest_verdicts(rows);
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].verdict.evidence.claim.text, "kept");
  EXPECT_NE(found[0].verdict.outcome, ClaimOutcome::kHolds);
  EXPECT_EQ(found[1].suite, "other");
}

TEST(NewestVerdicts, RefuseWhatIsNotReadable) {
  for (const std::string detail : {"", "{", "[]", "{\"judging\": 1}", "{\"judging\": \"j\"}"}) {
    VerdictRow row{"demo", "claim", "s", "holds"};
    row.detail = detail;
    try {
      newest_verdicts({&row, 1});
      FAIL() << detail;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kDamaged);
    }
  }
}

class ClaimReport : public testing::Test {
 protected:
  TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "a.sqlite";

  void store(const std::vector<ClaimEvidence>& claims, const std::string& suite) {
    auto database = Database::open_for_writing(file_);
    for (const char digit : {'a', 'b'}) {
      test::MadeUpRun run;
      run.id_digit = digit;
      test::add_run(database, run);
    }
    add_verdicts(database, rows_of(claims, suite, "j-" + suite, ""));
  }
};

TEST_F(ClaimReport, ShowsSentenceOutcomeEffectAndBothPInEveryFormat) {
  store({evidence("IWAE is tighter", 10.0)}, "demo");
  const Report report = build_report(file_, {});
  ASSERT_EQ(report.claims.size(), 1U);
  const ClaimVerdict& verdict = report.claims[0].verdict;
  EXPECT_THAT(report.summary, HasSubstr("1 of 1 claim holds."));
  for (const Format format : {Format::kHtml, Format::kMarkdown}) {
    const std::string text = render(report, format);
    EXPECT_THAT(text, HasSubstr("IWAE is tighter"));
    EXPECT_THAT(text, HasSubstr(effect_text(verdict)));
    EXPECT_THAT(text, HasSubstr(adjusted_p_text(verdict)));
    EXPECT_THAT(text, HasSubstr("2 × left − right of fd@pixels"));
    EXPECT_THAT(text, HasSubstr("claimed: below −0.5"));
    EXPECT_THAT(text, HasSubstr("on runs cut short"));
    EXPECT_THAT(text, HasSubstr("Mann–Whitney test"));
  }
  EXPECT_THAT(render(report, Format::kHtml), HasSubstr("<section id=\"claims\">"));
  EXPECT_THAT(render(report, Format::kHtml), HasSubstr("<a href=\"#claims\">"));
  EXPECT_THAT(render(report, Format::kCsv),
              HasSubstr("vae/left," + std::string(64, 'a') + ",claim of demo: IWAE is tighter," +
                        std::string(64, 'c') + ",holds,,,,1\n"));
  const auto json = nlohmann::json::parse(render(report, Format::kJson))["claims"][0];
  EXPECT_EQ(json["outcome"], "holds");
  EXPECT_EQ(json["effect"].get<double>(), verdict.effect->value);
  EXPECT_EQ(json["claimed"]["p"].get<double>(), verdict.claimed->p);
  EXPECT_EQ(json["left"]["values"][4]["value"].get<double>(), 0.5);
}

TEST_F(ClaimReport, TellsSuitesThatMakeTheSameClaimApart) {
  auto strict = evidence("IWAE is tighter", 10.0);
  strict.claim.alpha = 0.01;
  store({strict}, "demo");
  store({evidence("IWAE is tighter", 10.0)}, "quick");
  const Report report = build_report(file_, {});
  const std::string markdown = render(report, Format::kMarkdown);
  const auto demo = markdown.find("### demo, judged " + report.claims[0].at);
  const auto quick = markdown.find("### quick, judged ");
  ASSERT_NE(demo, std::string::npos);
  ASSERT_NE(quick, std::string::npos);
  EXPECT_THAT(markdown.substr(demo, quick - demo), HasSubstr("| 0.004 at alpha 0.01 |"));
  EXPECT_THAT(markdown.substr(quick), Not(HasSubstr("at alpha")));
  EXPECT_THAT(render(report, Format::kHtml), HasSubstr("0.004 at alpha 0.01"));
  const std::string csv = render(report, Format::kCsv);
  EXPECT_THAT(csv, HasSubstr(",claim of demo: IWAE is tighter,"));
  EXPECT_THAT(csv, HasSubstr(",claim of quick: IWAE is tighter,"));
  EXPECT_THAT(csv, HasSubstr(",alpha,,,,0.01\n"));
}

TEST_F(ClaimReport, WarnsWhereTheTablesAreOfNewerRunsThanTheVerdicts) {
  test::MadeUpRun run;
  run.last = {{"fd", 1.0, 1.0, {}}};
  auto demo = evidence("IWAE is tighter", 10.0);
  const auto warnings = [&] { return testing::PrintToString(build_report(file_, {}).warnings); };
  {
    auto database = Database::open_for_writing(file_);
    for (ClaimSide* side : {&demo.left, &demo.right}) {
      run.id_digit = side == &demo.left ? 'a' : 'b';
      for (ClaimValue& value : side->values) {
        value.uuid = random_uuid();
        run.seed = value.seed;
        run.uuid = value.uuid;
        test::add_run(database, run);
      }
    }
    add_verdicts(database, rows_of({demo}, "demo", "j", ""));
  }
  EXPECT_THAT(warnings(), Not(HasSubstr("older runs than")));
  {
    auto database = Database::open_for_writing(file_);
    run.uuid = random_uuid();
    test::add_run(database, run);
  }
  EXPECT_THAT(warnings(),
              HasSubstr("The claims of demo were judged on other runs than those in the "
                        "tables; `assay run demo` judges again."));
}

TEST_F(ClaimReport, ShowsTheSuitesAndExperimentsThatAreWanted) {
  store({evidence("of demo", 10.0)}, "demo");
  store({evidence("of other", 10.0)}, "other");
  ReportOptions options;
  EXPECT_EQ(build_report(file_, options).claims.size(), 2U);
  options.suites = {"other"};
  ASSERT_EQ(build_report(file_, options).claims.size(), 1U);
  EXPECT_EQ(build_report(file_, options).claims[0].suite, "other");
  options.experiments = {std::string(64, 'a')};  // the right side is not in the report
  EXPECT_TRUE(build_report(file_, options).claims.empty());
}

TEST_F(ClaimReport, ShowsHostileTextAsText) {
  const std::string payload = "<img src=x onerror=alert(1)>|'\"</script>";
  auto hostile = evidence(payload, 10.0);
  hostile.claim.source = payload;
  hostile.left.experiment = payload;
  hostile.missing = {payload};
  hostile.claim.metric = payload;
  store({hostile}, "demo" + payload);
  const Report report = build_report(file_, {});
  ASSERT_EQ(report.claims.size(), 1U);
  EXPECT_THAT(render(report, Format::kHtml), Not(HasSubstr("<img src=x")));
  const std::string markdown = render(report, Format::kMarkdown);
  EXPECT_THAT(markdown.substr(0, markdown.find("```")), Not(HasSubstr("<img")));
}

TEST(ClaimText, CountsWhatBecameOfTheClaims) {
  std::vector<ClaimVerdict> verdicts(5);
  verdicts[0].outcome = ClaimOutcome::kHolds;
  verdicts[1].outcome = ClaimOutcome::kHolds;
  verdicts[2].outcome = ClaimOutcome::kFails;
  verdicts[3].outcome = ClaimOutcome::kInconclusive;
  verdicts[4].outcome = ClaimOutcome::kNotRun;
  std::vector<const ClaimVerdict*> all;
  for (const auto& verdict : verdicts) all.push_back(&verdict);
  EXPECT_EQ(claims_sentence(all), "2 of 5 claims hold, 1 fails, 1 inconclusive, 1 not run");
  EXPECT_EQ(claims_sentence({}), "");
}

TEST(ClaimText, GivesPTheDigitsThatTellItFromAlpha) {
  ClaimVerdict verdict;
  verdict.claimed = TestResult{};
  const auto text = [&](double p) {
    verdict.adjusted = p;
    return adjusted_p_text(verdict);
  };
  EXPECT_EQ(text(0.0039683), "0.004");
  EXPECT_EQ(text(0.0504), "0.0504");
  EXPECT_EQ(text(0.0496), "0.0496");
  EXPECT_EQ(text(0.050004), "0.050004");
  EXPECT_EQ(text(0.05), "0.05");
  EXPECT_EQ(text(0.0547), "0.055");
  EXPECT_EQ(text(1.0), "1");
  EXPECT_EQ(text(0.0), "0");
  verdict.evidence.claim.alpha = 0.01;
  EXPECT_EQ(text(0.0102), "0.0102 at alpha 0.01");
  verdict.claimed->p = 0.00996;
  EXPECT_EQ(raw_p_text(verdict), "0.00996");
  verdict.outcome = ClaimOutcome::kFails;
  verdict.adjusted_opposite = 0.00996;
  EXPECT_EQ(caveat_text(verdict), "the opposite has p = 0.00996");
}

TEST(ClaimText, CountsThePairsThatAPairedTestLeavesOut) {
  auto paired = evidence("left is lower", 0.0);
  paired.claim.test = ClaimTest::kSign;
  paired.claim.factor = 1.0;
  paired.claim.margin = 0.5;
  paired.right.values[0].value += 0.5;  // equal up to the margin
  EXPECT_EQ(seeds_text(judge({&paired, 1})[0]), "5 pairs, 1 equal");
  paired.claim.margin = 0.25;
  EXPECT_EQ(seeds_text(judge({&paired, 1})[0]), "5 pairs");
  paired.claim.test = ClaimTest::kWelch;
  EXPECT_EQ(seeds_text(judge({&paired, 1})[0]), "5 and 5");
}

TEST(ClaimText, RoundsTheEffectByItsInterval) {
  ClaimVerdict verdict;
  EXPECT_EQ(effect_text(verdict), "—");
  verdict.effect = Estimate{-1.98432, Interval{-2.5123, -1.4011, 0.9}};
  EXPECT_EQ(effect_text(verdict), "−1.98 [−2.51, −1.40]");
  verdict.effect->interval.reset();
  EXPECT_EQ(effect_text(verdict), "−1.984");
}

}  // namespace
}  // namespace assay
