// SPDX-License-Identifier: Apache-2.0
#include "harness/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "harness/environment.h"
#include "harness/state.h"
#include "tests/harness/toy_model.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::ThrowsMessage;

class CheckpointTest : public testing::Test {
 protected:
  fs::path folder_ =
      fs::temp_directory_path() / ("assay_checkpoint_test_" + std::to_string(getpid()));
  void SetUp() override { torch::manual_seed(1); }
  void TearDown() override { fs::remove_all(folder_); }

  static void train(ToyModel& model, const torch::Generator& noise, int steps) {
    const Batch batch{torch::linspace(-1, 1, 32).reshape({8, 1, 2, 2}), {}};
    for (int i = 0; i < steps; ++i) model.training_step(batch, {i, 100, 8 * i, 0.0, noise});
  }
};

TEST_F(CheckpointTest, AModelContinuesFromItBitForBitAndAColdOneDoesNot) {
  ToyModel whole;
  torch::Generator noise = make_generator(torch::kCPU, 3, "train_noise");
  LossLog losses;
  train(whole, noise, 5);
  const CheckpointSaved saved = save_checkpoint(folder_, {"id", 3, 5, 40}, whole, noise, losses);
  train(whole, noise, 5);

  ToyModel resumed, cold;
  torch::Generator resumed_noise = make_generator(torch::kCPU, 99, "train_noise");
  const RunPosition position =
      load_checkpoint(saved.file, {"id", 3}, resumed, resumed_noise, losses);
  EXPECT_EQ(position.step, 5);
  EXPECT_EQ(position.images_seen, 40);
  train(resumed, resumed_noise, 5);
  EXPECT_EQ(state_hash(resumed), state_hash(whole));

  torch::Generator cold_noise = make_generator(torch::kCPU, 3, "train_noise");
  train(cold, cold_noise, 5);
  EXPECT_NE(state_hash(cold), state_hash(whole));
}

TEST_F(CheckpointTest, ItsDigestIsThatOfTheFile) {
  ToyModel model;
  const auto saved =
      save_checkpoint(folder_, {"id", 3, 5, 40}, model, make_generator(torch::kCPU, 1, "n"), {});
  EXPECT_EQ(saved.sha256, sha256_of_file(saved.file));
  EXPECT_EQ(saved.file, folder_ / "000000000040.safetensors");
}

TEST_F(CheckpointTest, OfAnotherExperimentOrSeedIsRefused) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const auto file = save_checkpoint(folder_, {"id", 3, 5, 40}, model, noise, losses).file;
  EXPECT_THAT(
      [&] {
        load_checkpoint(file, {"other", 3}, model, noise, losses);
      },
      ThrowsMessage<Error>(HasSubstr("belongs to another experiment or seed")));
  EXPECT_THROW(load_checkpoint(file, {"id", 4}, model, noise, losses), Error);
}

TEST_F(CheckpointTest, CutAtAnyLengthIsRefusedAndChangesNothing) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const auto file = save_checkpoint(folder_, {"id", 3, 5, 40}, model, noise, losses).file;
  const std::string whole = read_file(file), before = state_hash(model);
  for (std::size_t length = 0; length < whole.size(); length += 97) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, length);
    EXPECT_THROW(load_checkpoint(file, {"id", 3}, model, noise, losses), Error) << length;
  }
  EXPECT_EQ(state_hash(model), before);
}

TEST(StateHash, ChangesWithASingleBitOfAnyTensor) {
  ToyModel model;
  const std::string before = state_hash(model);
  auto tensors = state_tensors(model);
  const torch::NoGradGuard no_grad;
  tensors.begin()->second.flatten()[0].add_(1e-6);
  EXPECT_NE(state_hash(model), before);
}

TEST(ParameterCount, OfALinearLayerIsWeightsPlusBias) {
  ToyModel model;
  EXPECT_EQ(parameter_count(model), 5);
}

}  // namespace
}  // namespace assay
