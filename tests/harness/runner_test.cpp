// SPDX-License-Identifier: Apache-2.0
#include "harness/runner.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ATen/Parallel.h>

#include <cmath>
#include <filesystem>

#include "core/error.h"
#include "harness/environment.h"
#include "nn/files/safetensors.h"
#include "tests/harness/recording.h"
#include "tests/harness/small_definition.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class RunnerTest : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_runner_test_" + std::to_string(getpid()));
  std::string binarisation_ = "none";
  void SetUp() override { at::set_num_threads(1); }
  void TearDown() override { fs::remove_all(folder_); }

  RunRequest request(const std::string& more = {}, std::uint64_t seed = 5) const {
    RunRequest made{small_definition(more), seed, torch::kCPU, folder_, {}};
    made.definition.values.at("dataset.binarisation").value = binarisation_;
    return made;
  }
  Recording run_calmly() const {
    const StopRequest never;
    Recording calm;
    run_experiment(request(), calm, never);
    return calm;
  }
  Recording run_until_stopped() const {
    StopRequest stop;
    Recording first;
    first.stop = &stop;
    first.stop_after = 4;
    run_experiment(request(), first, stop);
    first.stop = nullptr;
    return first;
  }
  Recording resume_from(const fs::path& checkpoint) const {
    const StopRequest never;
    Recording resumed;
    RunRequest again = request();
    again.resume_from = checkpoint;
    run_experiment(again, resumed, never);
    return resumed;
  }
};

TEST_F(RunnerTest, AResumedRunIsTheUninterruptedOne) {
  const Recording calm = run_calmly();
  const Recording first = run_until_stopped();
  EXPECT_EQ(first.end.status, "interrupted");
  EXPECT_EQ(first.end.images_seen, 256);
  const Recording second = resume_from(first.checkpoints.back().file);
  EXPECT_EQ(second.end.status, "complete");
  EXPECT_EQ(second.end.state_hash, calm.end.state_hash);
  // Before and after the stop, every value is that of the calm run.
  for (const auto* part : {&first.values, &second.values}) {
    for (const auto& [at, value] : *part) {
      EXPECT_EQ(value, calm.values.at(at)) << at.first << " at " << at.second;
    }
  }
}

// What is logged at 96 images is the mean of six steps, of which four lie before the stop at 64.
TEST_F(RunnerTest, AStopBetweenTwoLogPointsLeavesNoTraceInTheNextOne) {
  struct StopsAtTheFirstCheckpoint : Recording {
    StopRequest own_stop;
    void checkpointed(const CheckpointSaved& c) override {
      Recording::checkpointed(c);
      if (c.images_seen == 64) own_stop.request();
    }
  };
  RunRequest between = request();
  between.definition.values.at("train.log_every_images").value = std::int64_t{96};
  const StopRequest never;
  Recording calm, second;
  run_experiment(between, calm, never);
  StopsAtTheFirstCheckpoint first;
  run_experiment(between, first, first.own_stop);
  ASSERT_LT(first.end.images_seen, 96);
  between.resume_from = first.checkpoints.back().file;
  run_experiment(between, second, never);
  const std::pair<std::string, std::int64_t> at{"loss", 96};
  EXPECT_EQ(second.values.at(at), calm.values.at(at));
}

TEST_F(RunnerTest, AResumeBringsTheGlobalGeneratorBack) {
  const auto next = [] {
    return torch::randn({4}, at::globalContext().defaultGenerator(torch::kCPU));
  };
  run_calmly();
  const auto calm = next();
  const Recording first = run_until_stopped();
  torch::manual_seed(99);
  resume_from(first.checkpoints.back().file);
  EXPECT_TRUE(torch::equal(next(), calm));
}

// 640 images are two and a half epochs of 256, so that examples are seen again in other draws.
TEST_F(RunnerTest, AResumedRunSeesTheDrawsOfStochasticBinarisationThatTheCalmOneSaw) {
  const std::string grey = run_calmly().end.state_hash;
  binarisation_ = "static";
  const std::string fixed = run_calmly().end.state_hash;
  binarisation_ = "stochastic";
  const std::string calm = run_calmly().end.state_hash;
  const Recording first = run_until_stopped();
  EXPECT_EQ(first.end.images_seen, 256);
  EXPECT_EQ(resume_from(first.checkpoints.back().file).end.state_hash, calm);
  EXPECT_NE(calm, fixed);
  EXPECT_NE(calm, grey);
  EXPECT_NE(fixed, grey);
}

// A resume that forgot a part of the state would still train, and end elsewhere: each part alone is
// missed.
TEST_F(RunnerTest, AResumeThatForgetsAPartOfTheStateIsNotTheUninterruptedRun) {
  const std::string calm = run_calmly().end.state_hash;
  const auto file = run_until_stopped().checkpoints.back().file;
  const TensorFile whole = load_safetensors(file);

  const auto resumed_hash = [&](const TensorFile& changed) {
    save_safetensors(file, changed.tensors, changed.metadata);
    return resume_from(file).end.state_hash;
  };
  EXPECT_EQ(resumed_hash(whole), calm);

  TensorFile cold_optimizer = whole, cold_noise = whole;
  int zeroed = 0;
  for (auto& [name, tensor] : cold_optimizer.tensors) {
    if (name.find("optimizer") == std::string::npos) continue;
    tensor = torch::zeros_like(tensor);
    ++zeroed;
  }
  EXPECT_GT(zeroed, 0);
  EXPECT_NE(resumed_hash(cold_optimizer), calm);

  cold_noise.tensors.at("stream/train_noise") =
      make_generator(torch::kCPU, 5, "train_noise").get_state();
  EXPECT_NE(resumed_hash(cold_noise), calm);
}

TEST_F(RunnerTest, TheSameSeedGivesTheSameBits) {
  const StopRequest never;
  Recording a, b;
  run_experiment(request(), a, never);
  run_experiment(request(), b, never);
  EXPECT_EQ(a.end.state_hash, b.end.state_hash);
  EXPECT_EQ(a.values, b.values);
}

TEST_F(RunnerTest, RecordsScalarsMetricsPicturesAndSpeedAtTheSetPoints) {
  const StopRequest never;
  Recording run;
  run_experiment(request(), run, never);
  EXPECT_EQ(run.end.images_seen, 640);
  for (const std::int64_t at : {64, 320, 640}) EXPECT_TRUE(run.values.contains({"loss", at})) << at;
  for (const std::int64_t at : {0, 256, 512, 640})
    EXPECT_TRUE(run.values.contains({"fd", at})) << at;
  EXPECT_EQ(run.checkpoints.size(), 11U);  // every 64 images, and before the first evaluation
  // And of the last one the table, traversals, interpolations, nearest images, bounds, digests.
  EXPECT_EQ(run.artifacts.size(), 14U);  // samples and reconstructions, four times
  EXPECT_GT(run.speeds.at("sample").images_per_second, 0.0);
  EXPECT_GT(run.end.peak_memory_bytes, 1 << 20);
  EXPECT_LT(run.values.at({"fd", 640}), run.values.at({"fd", 0}));
}

TEST_F(RunnerTest, EvaluatingMoreOftenDoesNotChangeTraining) {
  const StopRequest never;
  Recording rare, often;
  run_experiment(request(), rare, never);
  RunRequest other = request();
  other.definition.values.at("eval.every_images").value = std::int64_t{64};
  run_experiment(other, often, never);
  EXPECT_EQ(rare.end.state_hash, often.end.state_hash);
  EXPECT_EQ(rare.values.at({"fd", 640}), often.values.at({"fd", 640}));
}

TEST_F(RunnerTest, ANonFiniteLossEndsTheRunAsDivergedWithItsStep) {
  const StopRequest never;
  Recording run;
  RunRequest hot = request("[optimizer]\nlearning_rate = 10\n[objective]\nbeta = 1\n");
  hot.definition.values.at("optimizer.learning_rate").value = 1e30;
  run_experiment(hot, run, never);
  EXPECT_EQ(run.end.status, "diverged");
  EXPECT_THAT(run.end.reason, HasSubstr("the last good step is"));
}

// Without a metric that would trip over them, weights are looked at all the same.
TEST_F(RunnerTest, WeightsThatAreNoLongerFiniteEndTheRunAsDiverged) {
  const StopRequest never;
  Recording run;
  RunRequest hot = request();
  hot.definition.values.at("optimizer.learning_rate").value = 1e38;
  hot.definition.values.at("eval.metrics").value = std::vector<std::string>{};
  hot.definition.values.at("train.images").value = std::int64_t{16};
  run_experiment(hot, run, never);
  EXPECT_EQ(run.end.status, "diverged") << run.end.reason;
  EXPECT_EQ(run.end.images_seen, 16);
}

TEST_F(RunnerTest, AFailureIsAResultWithItsReason) {
  const StopRequest never;
  Recording run;
  RunRequest impossible = request();
  impossible.definition.values.at("train.batch_size").value = std::int64_t{100000};
  EXPECT_THROW(run_experiment(impossible, run, never), Error);
  EXPECT_EQ(run.end.status, "failed");
  EXPECT_FALSE(run.end.reason.empty());
}

TEST(RunLength, IsRoundedUpToWholeSteps) {
  Definition definition = small_definition();
  definition.values.at("train.images").value = std::int64_t{641};
  EXPECT_EQ(run_length(definition).steps, 41);
  EXPECT_EQ(run_length(definition).images, 656);
}

}  // namespace
}  // namespace assay
