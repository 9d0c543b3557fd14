// SPDX-License-Identifier: Apache-2.0
#include "reports/claim_evidence.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "reports/synthetic_database.h"
#include "results/example_runs.h"

namespace assay {
namespace {

using test::MadeUpRun;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const Protocol kRaw = {{"extractor", "pixels"}, {"weights", "raw"}};
const Protocol kEma = {{"extractor", "pixels"}, {"weights", "ema"}};

class Evidence : public testing::Test {
 protected:
  test::TemporaryFolder folder_;
  std::filesystem::path file_ = folder_ / "a.sqlite";
  Database database_ = Database::open_for_writing(file_);

  void add(char digit, std::uint64_t seed, double fd, const Protocol& protocol = kRaw,
           const std::string& status = "complete") {
    MadeUpRun run;
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
    collect_evidence({&file_, 1}, claims);
    return claims[0];
  }
};

std::vector<double> values_of(const ClaimSide& side) {
  std::vector<double> values;
  for (const auto& value : side.values) values.push_back(value.value);
  return values;
}

TEST_F(Evidence, IsTheLastValueOfTheNewestCompleteRunOfEachSeedAskedFor) {
  add('a', 1, 11.0);
  add('a', 0, 99.0);
  add('a', 0, 10.0);  // newer
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
  add('a', 1, 11.0, kRaw, "diverged");
  add('b', 0, std::nan(""));
  const ClaimEvidence evidence = collect();
  EXPECT_THAT(evidence.missing,
              ElementsAre("seed 1 of vae/left diverged: loss is nan",
                          "seed 0 of vae/right: fd is nan", "seed 1 of vae/right was not run"));
  EXPECT_THAT(values_of(evidence.left), ElementsAre(10.0));
}

TEST_F(Evidence, OfAnotherMetricOrExtractorIsMissing) {
  for (const char digit : {'a', 'b'}) {
    for (const std::uint64_t seed : {0, 1}) add(digit, seed, 10.0);
  }
  EXPECT_THAT(collect("fd@pixels").missing, IsEmpty());
  EXPECT_EQ(collect("fd@inception-v3").missing.size(), 4U);
  EXPECT_THAT(collect("kid").missing.front(),
              HasSubstr("seed 0 of vae/left: kid was not computed"));
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
