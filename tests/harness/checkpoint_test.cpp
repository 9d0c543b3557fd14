// SPDX-License-Identifier: Apache-2.0
#include "harness/checkpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

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
  const CheckpointSaved saved =
      save_checkpoint(folder_, {"id", "training", 3, 5, 40}, whole, noise, losses);
  train(whole, noise, 5);

  ToyModel resumed, cold;
  torch::Generator resumed_noise = make_generator(torch::kCPU, 99, "train_noise");
  const RunPosition position =
      load_checkpoint(saved.file, {"id", "training", 3}, resumed, resumed_noise, losses);
  EXPECT_EQ(position.step, 5);
  EXPECT_EQ(position.images_seen, 40);
  train(resumed, resumed_noise, 5);
  EXPECT_EQ(state_hash(resumed), state_hash(whole));

  torch::Generator cold_noise = make_generator(torch::kCPU, 3, "train_noise");
  train(cold, cold_noise, 5);
  EXPECT_NE(state_hash(cold), state_hash(whole));
}

TEST_F(CheckpointTest, BringsTheGlobalGeneratorBack) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 3, "train_noise");
  LossLog losses;
  const auto file =
      save_checkpoint(folder_, {"id", "training", 3, 5, 40}, model, noise, losses).file;
  const auto next = torch::rand({3});
  torch::manual_seed(2);
  load_checkpoint(file, {"id", "training", 3}, model, noise, losses);
  EXPECT_TRUE(torch::equal(torch::rand({3}), next));
}

TEST_F(CheckpointTest, ItsDigestIsThatOfTheFile) {
  ToyModel model;
  const auto saved = save_checkpoint(folder_, {"id", "training", 3, 5, 40}, model,
                                     make_generator(torch::kCPU, 1, "n"), {});
  EXPECT_EQ(saved.sha256, sha256_of_file(saved.file));
  EXPECT_EQ(saved.file, folder_ / "000000000040.safetensors");
}

TEST_F(CheckpointTest, OfAnotherExperimentOrSeedIsRefused) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const auto file =
      save_checkpoint(folder_, {"id", "training", 3, 5, 40}, model, noise, losses).file;
  EXPECT_THAT(
      [&] {
        load_checkpoint(file, {"id", "other", 3}, model, noise, losses);
      },
      ThrowsMessage<Error>(HasSubstr("belongs to another experiment or seed")));
  EXPECT_THROW(load_checkpoint(file, {"id", "training", 4}, model, noise, losses), Error);
}

// The same training under another way of being scored; and one that an older assay saved, which
// knew the definition's id alone.
TEST_F(CheckpointTest, BelongsToATrainingOrIfItIsOldToADefinition) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const auto saved_by = [&](const std::string& definition, const std::string& training) {
    return save_checkpoint(folder_, {definition, training, 3, 5, 40}, model, noise, losses).file;
  };
  const RunPosition expected{"id", "training", 3};
  EXPECT_EQ(load_checkpoint(saved_by("other", "training"), expected, model, noise, losses).step, 5);
  EXPECT_EQ(load_checkpoint(saved_by("id", ""), expected, model, noise, losses).step, 5);
  EXPECT_THROW(load_checkpoint(saved_by("other", ""), expected, model, noise, losses), Error);
}

TEST_F(CheckpointTest, CutAtAnyLengthIsRefusedAndChangesNothing) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const auto file =
      save_checkpoint(folder_, {"id", "training", 3, 5, 40}, model, noise, losses).file;
  const std::string whole = read_file(file), before = state_hash(model);
  for (std::size_t length = 0; length < whole.size(); length += 97) {
    std::ofstream(file, std::ios::binary | std::ios::trunc) << whole.substr(0, length);
    EXPECT_THROW(load_checkpoint(file, {"id", "training", 3}, model, noise, losses), Error)
        << length;
  }
  EXPECT_EQ(state_hash(model), before);
}

/// Every way to spoil one field of a checkpoint's description or one of its tensors.
std::vector<std::pair<std::string, TensorFile>> damaged_copies(const TensorFile& whole) {
  std::vector<std::pair<std::string, TensorFile>> all;
  const auto described = nlohmann::json::parse(whole.metadata.at("assay_run"));
  for (const auto& [field, value] : described.items()) {
    const std::vector<nlohmann::json> wrong = {nullptr, "x", 7.5, nlohmann::json::array({"x", 1}),
                                               nlohmann::json::object()};
    for (std::size_t i = 0; i <= wrong.size(); ++i) {
      auto json = described;
      if (i < wrong.size()) {
        json[field] = wrong[i];
      } else {
        json.erase(field);
      }
      // A number that is not whole is taken for one that is; the name of a definition is any text.
      if (value.is_number() && i == 2) continue;
      if (field == "definition_id" && i == 1) continue;
      // An older assay wrote none.
      const bool is_new = field == "training_id" || field == "failing" ||
                          field == "training_span" || field == "training_seconds";
      if (is_new && i == wrong.size()) continue;
      all.emplace_back(field + " = " + (i < wrong.size() ? wrong[i].dump() : "absent"), whole);
      all.back().second.metadata["assay_run"] = json.dump();
    }
  }
  for (const auto& [name, tensor] : whole.tensors) {
    auto without = whole, longer = whole, of_text = whole, zero = whole;
    without.tensors.erase(name);
    longer.tensors[name] = torch::cat({tensor.flatten(), tensor.flatten()});
    of_text.tensors[name] = tensor.to(torch::kFloat16);
    zero.tensors[name] = torch::zeros({0});
    all.emplace_back(name + " absent", without);
    all.emplace_back(name + " twice as long", longer);
    all.emplace_back(name + " of another type", of_text);
    all.emplace_back(name + " empty", zero);
  }
  return all;
}

TEST_F(CheckpointTest, DamageToAnyOfItsFieldsIsNamedAndChangesNothing) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  losses.add({{"loss", 1.0}});
  const auto file =
      save_checkpoint(folder_, {"id", "training", 3, 5, 40, {{2.0}, 4}}, model, noise, losses).file;
  const TensorFile whole = load_safetensors(file);
  const std::string before = state_hash(model);
  const auto noise_before = noise.get_state(),
             global_before = at::globalContext().defaultGenerator(torch::kCPU).get_state();
  for (const auto& [what, damaged] : damaged_copies(whole)) {
    save_safetensors(file, damaged.tensors, damaged.metadata);
    try {
      load_checkpoint(file, {"id", "training", 3}, model, noise, losses);
      ADD_FAILURE() << what << " was taken";
    } catch (const Error& problem) {
      EXPECT_THAT(problem.what(), HasSubstr(file.string())) << what;
      const bool other_device =
          std::string(problem.what()).find("kind of device") != std::string::npos;
      EXPECT_TRUE(other_device || problem.code() == ExitCode::kDamaged) << what;
    } catch (const std::exception& problem) {
      ADD_FAILURE() << what << ": " << problem.what();
    }
    EXPECT_EQ(state_hash(model), before) << what;
    EXPECT_TRUE(torch::equal(noise.get_state(), noise_before)) << what;
    EXPECT_TRUE(
        torch::equal(at::globalContext().defaultGenerator(torch::kCPU).get_state(), global_before))
        << what;
  }
}

TEST_F(CheckpointTest, OneOfBeforeFailuresWereKeptHasNone) {
  ToyModel model;
  torch::Generator noise = make_generator(torch::kCPU, 1, "n");
  LossLog losses;
  const RunPosition position{"id", "training", 3, 5, 40, {{2.0}, 4}, {"vanishing_gradient"}};
  const auto file = save_checkpoint(folder_, position, model, noise, losses).file;
  const auto load = [&] {
    return load_checkpoint(file, {"id", "training", 3}, model, noise, losses);
  };
  EXPECT_EQ(load().failing, position.failing);
  TensorFile whole = load_safetensors(file);
  auto described = nlohmann::json::parse(whole.metadata.at("assay_run"));
  ASSERT_EQ(described.erase("failing"), 1U);
  whole.metadata["assay_run"] = described.dump();
  save_safetensors(file, whole.tensors, whole.metadata);
  EXPECT_EQ(load().step, 5);
  EXPECT_TRUE(load().failing.empty());
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
