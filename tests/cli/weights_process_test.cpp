// SPDX-License-Identifier: Apache-2.0
// Weights out and in: through the built program.
#include <ATen/ATen.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "data/npz.h"
#include "nn/files/safetensors.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class WeightsTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    write_file_atomically(definition(), R"(family = "gan"
dataset.name = "generated_images"
dataset.size = 8
dataset.count = 64
train.batch_size = 16
train.images = 320
train.log_every_images = 320
train.checkpoint_every_images = 320
optimizer.learning_rate = 1e-3
ema.decay = 0.9
model.network = "dcgan"
model.latent_dim = 6
model.generator_channels = [8, 4]
model.discriminator_channels = [4, 8]
model.discriminator_norm = "none"
model.spectral_norm = true
eval.metrics = ["fd", "precision"]
eval.extractor = "pixels"
eval.generated = 40
eval.reference_count = 40
eval.every_images = 0
eval.untrained = false
)");
    ASSERT_EQ(call({"run", definition(), "--seeds", "3", "--report", path("r.html")}), 0) << err();
    ASSERT_EQ(call({"export", "1", "--format", "safetensors", "--out", path("exported")}), 0)
        << err();
    for (const auto& entry : fs::recursive_directory_iterator(path("exported"))) {
      if (entry.path().filename() == "generator.safetensors") {
        folder_of_weights_ = entry.path().parent_path();
      }
    }
  }
  std::string definition() const { return path("gan.toml"); }
  std::string weights(const std::string& network) const {
    return (folder_of_weights_ / (network + ".safetensors")).string();
  }
  // As shortest texts that read back to the same bits.
  std::map<std::string, std::string> stored() const {
    std::map<std::string, std::string> scores;
    for (const auto& row : metrics_of(Database::open_for_reading(db_), 1)) {
      scores[row.name] = fmt::format("{}", row.value);
    }
    return scores;
  }
  std::map<std::string, std::string> printed() const {
    std::map<std::string, std::string> scores;
    const auto json = nlohmann::json::parse(out());
    for (const auto& [name, score] : json.at("metrics").items()) {
      scores[name] = fmt::format("{}", score["value"].get<double>());
    }
    return scores;
  }
  at::Tensor sampled(const std::string& from, const std::vector<std::string>& more) const {
    fs::remove(path("s.npz"));
    std::vector<std::string> words = {"sample", from, "--count", "9", "--out", path("s.npz")};
    words.insert(words.end(), more.begin(), more.end());
    EXPECT_EQ(call(words), 0) << err();
    return read_npz(path("s.npz")).at("arr_0");
  }

  fs::path folder_of_weights_;
};

TEST_F(WeightsTest, AreExportedAsTheNetworksThatAreScored) {
  const auto state = load_safetensors(folder_of_weights_ / "state.safetensors").tensors;
  const auto generator = load_safetensors(weights("generator")).tensors;
  const auto critic = load_safetensors(weights("discriminator")).tensors;
  ASSERT_TRUE(generator.contains("0.weight"));
  EXPECT_TRUE(generator.at("0.weight").equal(state.at("model/ema.0.weight")));
  EXPECT_FALSE(generator.at("0.weight").equal(state.at("model/generator.0.weight")));
  EXPECT_TRUE(critic.at("0.weight_orig").equal(state.at("model/discriminator.0.weight")));
  EXPECT_TRUE(critic.contains("0.weight_u") && critic.contains("0.weight_v"));
}

TEST_F(WeightsTest, ScoreAndSampleUnderTheirDefinitionAsTheirRunDoes) {
  for (const std::string& from : {weights("generator"), folder_of_weights_.string()}) {
    ASSERT_EQ(
        call({"eval", "--generated", from, "--definition", definition(), "--seed", "3", "--json"}),
        0)
        << err();
    EXPECT_EQ(printed(), stored()) << from;
    EXPECT_TRUE(sampled(from, {"--definition", definition()}).equal(sampled("1", {})));
  }
  ASSERT_EQ(
      call({"eval", "--generated", weights("generator"), "--definition", definition(), "--json"}),
      0);
  EXPECT_NE(printed(), stored()) << "seed 0's samples";
  EXPECT_EQ(rows().size(), 1U) << "nothing is stored";
}

TEST_F(WeightsTest, ThatDoNotFitTheirDefinitionAreRefusedByName) {
  const auto eval = [&](const std::vector<std::string>& more) {
    std::vector<std::string> words = {"eval", "--generated", weights("generator")};
    words.insert(words.end(), more.begin(), more.end());
    return call(words);
  };
  EXPECT_EQ(eval({"--definition", definition(), "--set", "model.latent_dim=7"}), 2);
  EXPECT_THAT(err(), HasSubstr("'0.weight' is float [32,6], the network has float [32,7]"));
  EXPECT_EQ(eval({"--definition", definition(), "--set", "model.generator_channels=[8]"}), 2);
  EXPECT_THAT(err(), HasSubstr("generator.safetensors: "));
  EXPECT_EQ(
      eval({"--definition", "vae/fashion_mnist_mlp", "--set", "dataset.name=generated_images"}), 2);
  EXPECT_THAT(err(), HasSubstr("family 'vae' takes no weights from elsewhere"));
  EXPECT_EQ(eval({"--definition", definition(), "--metrics", "fd"}), 2);
  EXPECT_THAT(err(), HasSubstr("--metrics: weights are scored as their definition says"));
  EXPECT_EQ(eval({"--reference", "generated_images:test"}), 2);
  EXPECT_THAT(err(), HasSubstr("--definition"));
  const auto diffusers = [&](const std::string& format) {
    return call({"export", "1", "--format", format, "--names", "diffusers", "--out", path("unet")});
  };
  EXPECT_NE(diffusers("safetensors"), 0);
  EXPECT_THAT(err(), HasSubstr("family 'gan' has no network that diffusers knows"));
  EXPECT_EQ(diffusers("csv"), 2);
  EXPECT_THAT(err(), HasSubstr("--names diffusers is of weights; add --format safetensors"));
  EXPECT_EQ(call({"eval", "--generated", path("none.safetensors"), "--definition", definition()}),
            2);
  EXPECT_THAT(err(), HasSubstr("none.safetensors"));
}

}  // namespace
}  // namespace assay
