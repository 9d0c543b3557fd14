// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "core/random.h"
#include "reports/claim_text.h"
#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::MadeUpRun;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;

const Protocol kRaw = {{"extractor", "pixels"}, {"weights", "raw"}};
const Protocol kEma = {{"extractor", "pixels"}, {"weights", "ema"}};

class Evidence : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "a.sqlite";
  Database database_ = Database::open_for_writing(file_);

  std::vector<std::string> uuids_;  // of the runs that count

  void add(char digit, std::uint64_t seed, double fd, const Protocol& protocol = kRaw,
           const std::string& status = "complete") {
    add(MadeUpRun{}, digit, seed, fd, protocol, status);
  }

  void add(MadeUpRun run, char digit, std::uint64_t seed, double fd,
           const Protocol& protocol = kRaw, const std::string& status = "complete") {
    run.uuid = random_uuid();
    uuids_.push_back(run.uuid);
    run.experiment = digit == 'a' ? "vae/left" : "vae/right";
    run.id_digit = digit;
    run.seed = seed;
    run.untrained = {{"fd", 500.0, 1.0, protocol}};
    run.last = {{"fd", fd, 1.0, protocol}};
    run.status = status;
    run.reason = status == "complete" ? "" : "loss is nan";
    test::add_run(database_, run);
  }

  ClaimEvidence collect(const std::string& metric = "fd") {
    Claim claim;
    claim.metric = metric;
    std::vector<ClaimEvidence> claims = {{claim,
                                          {"vae/left", std::string(64, 'a'), {0, 1}},
                                          {"vae/right", std::string(64, 'b'), {0, 1}}}};
    collect_evidence({&file_, 1}, uuids_, claims);
    return claims[0];
  }
};

std::vector<double> values_of(const ClaimSide& side) {
  std::vector<double> values;
  for (const auto& value : side.values) values.push_back(value.value);
  return values;
}

TEST_F(Evidence, IsTheLastValueOfTheCommandsRunOfEachSeedAskedFor) {
  add('a', 0, 99.0);
  uuids_.clear();  // another command's
  add('a', 1, 11.0);
  add('a', 0, 10.0);
  add('a', 7, 77.0);  // not asked for
  add('b', 0, 20.0);
  add('b', 1, 21.0);
  const ClaimEvidence evidence = collect();
  EXPECT_THAT(values_of(evidence.left), ElementsAre(10.0, 11.0));
  EXPECT_THAT(values_of(evidence.right), ElementsAre(20.0, 21.0));
  EXPECT_EQ(evidence.left.values[0].uuid.size(), 36U);
  EXPECT_THAT(evidence.missing, IsEmpty());
  EXPECT_THAT(evidence.differing, IsEmpty());
  EXPECT_EQ(evidence.protocol_id.size(), 64U);
}

TEST_F(Evidence, NamesEverySeedThatIsMissingAndWhy) {
  add('a', 0, 10.0);
  add('a', 1, 11.0, kRaw, "failed");
  add('b', 0, 12.0);
  const ClaimEvidence evidence = collect();
  EXPECT_THAT(evidence.missing, ElementsAre("seed 1 of vae/left failed: loss is nan",
                                            "seed 1 of vae/right was not run"));
  EXPECT_THAT(values_of(evidence.left), ElementsAre(10.0));
}

TEST_F(Evidence, OfASeedThatDivergedOrIsNotFiniteIsTheWorstThereIs) {
  constexpr double kBeyond = std::numeric_limits<double>::infinity();
  add('a', 0, 10.0);
  add('a', 1, 11.0, kRaw, "diverged");
  add('b', 0, std::nan(""));
  add('b', 1, 12.0);
  const ClaimEvidence evidence = collect();
  EXPECT_THAT(evidence.missing, IsEmpty());
  EXPECT_THAT(values_of(evidence.left), ElementsAre(10.0, kBeyond)) << "of fd lower is better";
  EXPECT_THAT(values_of(evidence.right), ElementsAre(kBeyond, 12.0));
  EXPECT_EQ(evidence.left.values[0].lost, "");
  EXPECT_EQ(evidence.left.values[1].lost, "diverged: loss is nan");
  EXPECT_EQ(evidence.right.values[0].lost, "has fd = nan");
  // Of what no database says which side is worse, it is missing.
  EXPECT_THAT(collect("unheard_of").missing,
              testing::Contains("seed 1 of vae/left diverged: loss is nan"));
}

TEST_F(Evidence, OfAnEarlierCommitDoesNotHideThatASeedDivergedAtThisOne) {
  MadeUpRun before;
  before.commit = "before";
  for (const std::uint64_t seed : {0, 1}) add(before, 'a', seed, 10.0);
  for (const std::uint64_t seed : {0, 1}) add(before, 'b', seed, 20.0);
  const std::vector<std::string> earlier = uuids_;
  uuids_.clear();
  add('a', 0, 11.0);
  add('a', 1, 11.0, kRaw, "diverged");
  for (const std::uint64_t seed : {0, 1}) add('b', seed, 21.0);
  ClaimEvidence evidence = collect();
  EXPECT_EQ(evidence.left.values[1].lost, "diverged: loss is nan");
  EXPECT_EQ(evidence.left.values[0].value, 11.0);
  // Back at the earlier commit its runs are judged, though newer ones exist.
  uuids_ = earlier;
  evidence = collect();
  EXPECT_THAT(evidence.missing, IsEmpty());
  EXPECT_THAT(values_of(evidence.left), ElementsAre(10.0, 10.0));
  EXPECT_EQ(evidence.left.values[0].commit, "before");
}

TEST_F(Evidence, OfSeveralCommitsDevicesOrThreadsSaysWhich) {
  ClaimVerdict verdict;
  for (const char digit : {'a', 'b'}) {
    for (const std::uint64_t seed : {0, 1}) add(digit, seed, 10.0);
  }
  verdict.evidence = collect();
  EXPECT_EQ(verdict.evidence.right.values[1].settings.at("device"), "cpu");
  EXPECT_EQ(caveat_text(verdict), "");
  uuids_.pop_back();
  MadeUpRun other;
  other.device = "cuda:0";
  other.threads = 4;
  other.dirty = true;
  add(other, 'b', 1, 10.0);
  verdict.evidence = collect();
  EXPECT_THAT(verdict.evidence.right.values[1].commit, EndsWith("4567 + changes"));
  EXPECT_EQ(
      caveat_text(verdict),
      "runs of 2 commits; runs that differ in device: cpu / cuda:0; runs that differ in threads: "
      "1 / 4");
}

TEST_F(Evidence, OfAnotherMetricOrExtractorIsMissing) {
  for (const char digit : {'a', 'b'}) {
    for (const std::uint64_t seed : {0, 1}) add(digit, seed, 10.0);
  }
  EXPECT_THAT(collect("fd@pixels").missing, IsEmpty());
  EXPECT_EQ(collect("fd@inception-v3").missing.size(), 4U);
  EXPECT_THAT(collect("kid").missing.front(), HasSubstr("seed 0 of vae/left has no kid"));
}

TEST_F(Evidence, UnderTwoProtocolsSaysInWhichFieldTheyDiffer) {
  for (const std::uint64_t seed : {0, 1}) {
    add('a', seed, 10.0, kEma);
    add('b', seed, 20.0, kRaw);
  }
  const ClaimEvidence evidence = collect();
  EXPECT_THAT(evidence.differing, ElementsAre("weights: ema / raw"));
  EXPECT_EQ(evidence.protocol_id, "");
}

TEST_F(Evidence, OfSeedsOfOneSideUnderTwoProtocolsDiffersToo) {
  add('a', 0, 10.0, kEma);
  add('a', 1, 10.0, kRaw);
  EXPECT_THAT(collect().differing, ElementsAre("weights: ema / raw"));
}

}  // namespace
}  // namespace assay
