// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ATen/Parallel.h>

#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "harness/runner.h"
#include "nn/files/safetensors.h"
#include "tests/harness/recording.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::Each;
using testing::Field;
using testing::HasSubstr;

// Whole runs of several seeds as one model.
class SeedBatchRunTest : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_seed_batch_" + std::to_string(getpid()));
  void SetUp() override { at::set_num_threads(1); }
  void TearDown() override { fs::remove_all(folder_); }

  RunRequest request(std::uint64_t seed) const {
    Definition definition = small_definition();
    definition.values.at("train.seed_batch").value = std::int64_t{3};
    return {definition, seed, torch::kCPU, folder_ / std::to_string(seed), {}};
  }
  RunRequest request_from(std::uint64_t seed, const Recording& stopped) const {
    RunRequest again = request(seed);
    again.resume_from = stopped.checkpoints.back().file;
    return again;
  }
  static std::vector<Recording> run(const std::vector<RunRequest>& requests) {
    const StopRequest never;
    std::vector<Recording> recordings(requests.size());
    std::vector<SeedRequest> seeds;
    for (std::size_t i = 0; i < requests.size(); ++i)
      seeds.push_back({requests[i], &recordings[i]});
    run_experiments(seeds, never);
    return recordings;
  }
  // Seeds 3, 4 and 5 until the second of them has logged four times.
  std::vector<Recording> run_until_stopped() const {
    StopRequest stop;
    std::vector<Recording> recordings(3);
    recordings[1].stop = &stop;
    recordings[1].stop_after = 4;
    run_experiments(
        {{request(3), &recordings[0]}, {request(4), &recordings[1]}, {request(5), &recordings[2]}},
        stop);
    return recordings;
  }
};

TEST_F(SeedBatchRunTest, EachSeedHasItsOwnEventsAndIsTheRunOfThatSeedAlone) {
  const auto together = run({request(3), request(4), request(5)});
  const auto alone = run({request(4)});
  EXPECT_EQ(together[1].end.status, "complete");
  EXPECT_EQ(together[1].end.state_hash, alone[0].end.state_hash);
  EXPECT_EQ(together[1].values, alone[0].values);
  EXPECT_NE(together[0].end.state_hash, together[1].end.state_hash);
  EXPECT_NE(together[0].values, together[1].values);
  for (const Recording& seed : together) {
    EXPECT_EQ(seed.checkpoints.size(), 11U);
    EXPECT_EQ(seed.artifacts.size(), 14U);
    ASSERT_FALSE(seed.notes.empty());
    EXPECT_THAT(seed.notes[0].text, HasSubstr("seeds 3, 4, 5 as one model of 3 places"));
  }
}

TEST_F(SeedBatchRunTest, IsNearTheRunsWithoutTheSwitch) {
  const auto together = run({request(3), request(4)});
  RunRequest solo = request(4);
  solo.definition.values.at("train.seed_batch").value = std::int64_t{0};
  const auto alone = run({solo});
  // The same weights, batches and draws; sums in another order.
  EXPECT_EQ(together[1].values.at({"fd", 0}), alone[0].values.at({"fd", 0}));
  for (const auto& [at, value] : alone[0].values) {
    EXPECT_NEAR(together[1].values.at(at), value, 1e-3 * std::abs(value)) << at.first << at.second;
  }
}

TEST_F(SeedBatchRunTest, ResumedTogetherOrAloneTheyAreTheUninterruptedOnes) {
  const auto calm = run({request(3), request(4), request(5)});
  fs::remove_all(folder_);
  const auto stopped = run_until_stopped();
  for (const Recording& seed : stopped) {
    EXPECT_EQ(seed.end.status, "interrupted");
    EXPECT_EQ(seed.end.images_seen, 256);
  }
  const auto pair = run({request_from(3, stopped[0]), request_from(5, stopped[2])});
  const auto single = run({request_from(4, stopped[1])});
  EXPECT_EQ(pair[0].end.state_hash, calm[0].end.state_hash);
  EXPECT_EQ(pair[1].end.state_hash, calm[2].end.state_hash);
  EXPECT_EQ(single[0].end.state_hash, calm[1].end.state_hash);
  for (const auto& [at, value] : single[0].values) {
    EXPECT_EQ(value, calm[1].values.at(at)) << at.first << " at " << at.second;
  }
}

TEST_F(SeedBatchRunTest, ASeedThatDivergesEndsAloneWithItsReason) {
  const auto calm = run({request(3), request(4), request(5)});
  fs::remove_all(folder_);
  const auto stopped = run_until_stopped();
  TensorFile broken = load_safetensors(stopped[0].checkpoints.back().file);
  broken.tensors.at("model/network.encoder.1.weight").fill_(INFINITY);
  save_safetensors(stopped[0].checkpoints.back().file, broken.tensors, broken.metadata);
  const auto resumed =
      run({request_from(3, stopped[0]), request_from(4, stopped[1]), request_from(5, stopped[2])});
  EXPECT_EQ(resumed[0].end.status, "diverged");
  EXPECT_THAT(resumed[0].end.reason, HasSubstr("the last good step is 16"));
  EXPECT_EQ(resumed[1].end.status, "complete");
  EXPECT_EQ(resumed[1].end.state_hash, calm[1].end.state_hash);
  EXPECT_EQ(resumed[2].end.state_hash, calm[2].end.state_hash);
}

// Three networks of 2 · 256 · 6000 weights and more.
RunRequest with_a_large_network(RunRequest request) {
  request.definition.values.at("model.hidden_widths").value = std::vector<std::int64_t>{6000};
  request.definition.values.at("train.images").value = std::int64_t{64};
  return request;
}

TEST_F(SeedBatchRunTest, LargeNetworksTrainOneSeedAtATimeAndSaySo) {
  EXPECT_EQ(seed_batch_places(request(4)), 3);
  const RunRequest large = with_a_large_network(request(4));
  EXPECT_EQ(seed_batch_places(large), 0);
  RunRequest solo = large;
  solo.definition.values.at("train.seed_batch").value = std::int64_t{0};
  EXPECT_EQ(seed_batch_places(solo), 0);
  const auto switched = run({large}), alone = run({solo});
  EXPECT_EQ(switched[0].end.state_hash, alone[0].end.state_hash);
  EXPECT_EQ(switched[0].values, alone[0].values);
  EXPECT_THAT(switched[0].notes.at(0).text, HasSubstr("trained alone"));
  EXPECT_THAT(alone[0].notes, Each(Field(&Note::kind, "trained")));
  EXPECT_THROW(run({large, with_a_large_network(request(5))}), c10::Error);
}

TEST_F(SeedBatchRunTest, AModelThatCannotTrainsAloneAndSaysWhy) {
  RunRequest alone = request(4);
  alone.definition = resolve_text(R"(
family = "vq_vae"
dataset.name = "generated_images"
dataset.size = 16
dataset.count = 64
train.batch_size = 16
train.images = 64
train.seed_batch = 3
model.channels = 8
model.residual_channels = 8
model.codes = 8
model.code_dim = 4
eval.metrics = []
)",
                                  "codebook", family_schema, {});
  EXPECT_EQ(seed_batch_places(alone), 0);
  const auto recordings = run({alone});
  EXPECT_EQ(recordings[0].end.status, "complete");
  EXPECT_THAT(recordings[0].notes.at(0).text,
              HasSubstr("trained alone: a codebook learns of one seed at a time"));
}

TEST_F(SeedBatchRunTest, SeedsOfOnePlaceOrOfOtherStepsAreRefused) {
  EXPECT_THROW(run({request(1), request(4)}), c10::Error);  // both of place 1
  const auto stopped = run_until_stopped();
  EXPECT_THROW(run({request_from(3, stopped[0]), request(4)}), c10::Error);
}

}  // namespace
}  // namespace assay
