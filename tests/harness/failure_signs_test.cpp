// SPDX-License-Identifier: Apache-2.0
// Failures that do not end a run: events with the number of images at which they began.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <ATen/Parallel.h>

#include <filesystem>

#include "families/registry.h"
#include "harness/runner.h"
#include "tests/harness/recording.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;

class FailureSigns : public testing::Test {
 protected:
  fs::path folder_ = fs::temp_directory_path() / ("assay_failure_test_" + std::to_string(getpid()));
  void SetUp() override { at::set_num_threads(1); }
  void TearDown() override { fs::remove_all(folder_); }

  RunRequest request(const std::string& more, const std::string& metric = "modes_covered") const {
    const std::string toml = R"(family = "gan"
dataset.name = "ring"
dataset.count = 256
train.batch_size = 16
train.images = 640
train.log_every_images = 64
train.checkpoint_every_images = 64
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16]
eval.generated = 50
eval.metrics = [")" + metric +
                             "\"]\n" + more;
    return {resolve_text(toml, "small.toml", family_schema, {}), 5, torch::kCPU, folder_, {}};
  }
  static std::vector<Note> of_kind(const Recording& recording, const std::string& kind) {
    std::vector<Note> found;
    for (const auto& note : recording.notes) {
      if (note.kind == kind) found.push_back(note);
    }
    return found;
  }
};

TEST_F(FailureSigns, BecomeAnEventWhenTheyBeginAndTheRunGoesOn) {
  const StopRequest never;
  Recording recording;
  run_experiment(request("objective.vanishing_norm = 1e6\nobjective.won_accuracy = 1\n"), recording,
                 never);
  EXPECT_EQ(recording.end.status, "complete");
  const auto notes = of_kind(recording, "vanishing_gradient");
  ASSERT_EQ(notes.size(), 1U);
  EXPECT_EQ(notes[0].images_seen, 64);
  EXPECT_THAT(notes[0].text, AllOf(HasSubstr("generator_gradient_norm is "), HasSubstr("1e+06")));
  EXPECT_TRUE(of_kind(recording, "discriminator_won").empty());
}

TEST_F(FailureSigns, AreNotSaidAgainAfterAResume) {
  const std::string sign = "objective.vanishing_norm = 1e6\n";
  StopRequest stop;
  Recording first;
  first.stop = &stop;
  first.stop_after = 4;
  run_experiment(request(sign), first, stop);
  ASSERT_EQ(first.end.status, "interrupted");
  EXPECT_EQ(of_kind(first, "vanishing_gradient").size(), 1U);
  const StopRequest never;
  Recording second;
  RunRequest again = request(sign);
  again.resume_from = first.checkpoints.back().file;
  run_experiment(again, second, never);
  ASSERT_EQ(second.end.status, "complete");
  EXPECT_TRUE(of_kind(second, "vanishing_gradient").empty());
}

TEST_F(FailureSigns, ADiscriminatorThatIsAlmostAlwaysRightHasWon) {
  const StopRequest never;
  Recording recording;
  // Real points at radius 1, generated ones that hardly move from the origin.
  run_experiment(request("objective.won_accuracy = 0.9\noptimizer.generator_learning_rate = 1e-9\n"
                         "optimizer.discriminator_learning_rate = 0.03\nmodel.initial_sd = 0.1\n"),
                 recording, never);
  const auto notes = of_kind(recording, "discriminator_won");
  ASSERT_FALSE(notes.empty());
  const auto at = notes[0].images_seen;
  EXPECT_GT(recording.values.at({"discriminator_real_accuracy", at}), 0.9);
  EXPECT_GT(recording.values.at({"discriminator_generated_accuracy", at}), 0.9);
}

TEST_F(FailureSigns, TooFewModesAreACollapse) {
  for (const std::string share : {"1.0", "0.0"}) {
    const StopRequest never;
    Recording recording;
    run_experiment(request("eval.collapse_modes = " + share + "\n"), recording, never);
    std::vector<Note> of_modes;
    for (const auto& note : of_kind(recording, "mode_collapse")) {
      if (note.text.find("of 8 modes are covered") != std::string::npos) of_modes.push_back(note);
    }
    // The untrained model's evaluation says nothing.
    ASSERT_EQ(of_modes.size(), share == "1.0" ? 1U : 0U);
    if (!of_modes.empty()) {
      EXPECT_EQ(of_modes[0].images_seen, 640);
      EXPECT_LT(recording.values.at({"modes_covered", 640}), 8.0);
    }
  }
}

TEST_F(FailureSigns, TooLittleRecallIsACollapse) {
  for (const std::string least : {"1", "0"}) {
    const StopRequest never;
    Recording recording;
    run_experiment(request("eval.collapse_recall = " + least + "\n", "recall"), recording, never);
    ASSERT_EQ(recording.end.status, "complete") << recording.end.reason;
    std::vector<Note> of_recall;
    for (const auto& note : of_kind(recording, "mode_collapse")) {
      if (note.text.starts_with("recall is ")) of_recall.push_back(note);
    }
    // The untrained model's evaluation says nothing.
    ASSERT_EQ(of_recall.size(), least == "1" ? 1U : 0U);
    if (of_recall.empty()) continue;
    EXPECT_EQ(of_recall[0].images_seen, 640);
    EXPECT_THAT(of_recall[0].text, HasSubstr(", below 1"));
    EXPECT_LT(recording.values.at({"recall", 640}), 1.0);
  }
}

}  // namespace
}  // namespace assay
