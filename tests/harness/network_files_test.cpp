// SPDX-License-Identifier: Apache-2.0
#include "harness/network_files.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "core/error.h"
#include "core/file.h"
#include "families/gan/architecture.h"
#include "families/gan/gan.h"
#include "families/registry.h"
#include "harness/checkpoint.h"
#include "harness/environment.h"
#include "harness/state.h"
#include "nn/files/pytorch_names.h"

namespace assay {
namespace {

namespace fs = std::filesystem;
using ::testing::HasSubstr;

// By the script tests/oracle/make_stylegan2_layout.py, the reference's names brought to ours by
// ci/convert_weights.py --stylegan2.
const fs::path kOracles = fs::path(ASSAY_SOURCE_DIR) / "tests/oracle";
constexpr const char* kStyleGan2 = R"(family = "gan"
model.network = "stylegan2"
model.latent_dim = 6
model.style_dim = 5
model.style_channel_base = 32
model.style_channel_max = 4
model.minibatch_stddev = 4
train.batch_size = 4
)";

at::Tensor oracle(const std::string& name, at::IntArrayRef sizes) {
  const auto json = nlohmann::json::parse(read_file(kOracles / "stylegan2_layout.json"));
  return at::tensor(json.at(name).get<std::vector<double>>(), at::kDouble)
      .to(at::kFloat)
      .view(sizes);
}

Definition style_gan2(const std::string& more = "", int layers = 2) {
  return resolve_text(fmt::format("{}model.mapping_layers = {}\n{}", kStyleGan2, layers, more),
                      "here.toml", family_schema, {});
}

void expect_close(const at::Tensor& found, const at::Tensor& exact) {
  ASSERT_EQ(found.sizes(), exact.sizes());
  // Numbers about 1 through a dozen layers in f32, whose rounding adds up.
  EXPECT_LT((found - exact).abs().max().item<double>(), 2e-5);
  EXPECT_GT(exact.std().item<double>(), 0.05) << "of images that show something";
}

TEST(NetworkFiles, BringTheReferencesStyleGan2ToItsImages) {
  const auto z = oracle("z", {4, 6});
  for (const auto& [truncation, images] : {std::pair{"1.0", "images"}, {"0.5", "truncated"}}) {
    const auto definition = style_gan2(std::string("sampler.truncation = ") + truncation);
    const auto model = make_gan({definition, {1, 8, 8}});
    read_networks(kOracles / "stylegan2_generator.safetensors", definition, *model);
    const auto found = dynamic_cast<GenerativeModel&>(*model).decode(z, {});
    expect_close(found.value(), oracle(images, {4, 1, 8, 8}));
  }
}

TEST(NetworkFiles, BringTheReferencesDiscriminatorToItsLogits) {
  const auto definition = style_gan2();
  auto network = gan_architectures()
                     .at("stylegan2")
                     .discriminator({.definition = definition, .example = {1, 8, 8}});
  TensorMap tensors;
  for (const auto& item : network->named_parameters()) tensors[item.key()] = item.value();
  from_pytorch(load_safetensors(kOracles / "stylegan2_discriminator.safetensors").tensors, "D",
               tensors);
  const torch::NoGradGuard no_grad;
  expect_close(network->forward(oracle("x", {4, 1, 8, 8})), oracle("logits", {4, 1}));
}

TEST(NetworkFiles, RefuseByNameWhatIsOfAnotherNetwork) {
  const auto definition = style_gan2("", 3);
  const auto model = make_gan({definition, {1, 8, 8}});
  try {
    read_networks(kOracles / "stylegan2_generator.safetensors", definition, *model);
    FAIL() << "a layer is missing";
  } catch (const Error& problem) {
    EXPECT_THAT(problem.what(), HasSubstr("stylegan2_generator.safetensors: lacks "
                                          "'0.mapping.fc2.bias' of this network"));
  }
}

// In a folder that goes when the test ends.
class DiffusersFiles : public testing::Test {
 protected:
  void TearDown() override { fs::remove_all(folder_); }

  static Definition ddpm(const std::string& more = "") {
    return resolve_text(R"(family = "ddpm"
ema.decay = 0.9
model.base_channels = 8
model.multipliers = [1, 2]
model.attention_resolutions = [4]
model.heads = 1
model.groups = 4
model.time_embedding = 8
model.lowest_time_frequency = 0.1
model.dropout = 0.25
)" + more,
                        "here.toml", family_schema, {});
  }
  // Of random weights, an average that is not the live network among them.
  static std::unique_ptr<Trainable> filled_model(const Definition& definition, std::uint64_t seed) {
    torch::manual_seed(seed);
    auto model = family(definition.family).make({definition, {1, 8, 8}});
    const torch::NoGradGuard no_grad;
    for (auto& [name, value] : state_tensors(*model)) {
      if (value.is_floating_point()) value.normal_();
    }
    return model;
  }
  fs::path exported(const Definition& definition, Trainable& model) const {
    const auto noise = make_generator(torch::kCPU, 3, "train_noise");
    const auto saved =
        save_checkpoint(folder_, {"id", "training", 3, 5, 40}, model, noise, {}).file;
    const auto files = write_networks(saved, definition, folder_, WeightNames::kDiffusers);
    EXPECT_EQ(files.back(), folder_ / "unet/config.json");
    return files.front();
  }
  fs::path folder_ = fs::temp_directory_path() / fmt::format("assay_diffusers_{}", getpid());
};

TEST_F(DiffusersFiles, BringTheScoredUNetBackIntoBothNetworks) {
  const auto definition = ddpm();
  const auto model = filled_model(definition, 1);
  const auto file = exported(definition, *model);
  const auto other = filled_model(definition, 2);
  EXPECT_EQ(read_networks(file, definition, *other).size(), 64U);
  const auto right = state_tensors(*model);
  std::size_t compared = 0;
  for (const auto& [name, value] : state_tensors(*other)) {
    if (!name.starts_with("network.") && !name.starts_with("ema.")) continue;
    EXPECT_TRUE(value.equal(right.at("ema." + name.substr(name.find('.') + 1)))) << name;
    ++compared;
  }
  EXPECT_GT(compared, 100U);
}

TEST_F(DiffusersFiles, NeedTheConfigurationThatSaysTheOrderOfTimes) {
  const auto definition = ddpm();
  const auto model = filled_model(definition, 1);
  const auto file = exported(definition, *model);
  const auto refusal = [&](const Definition& of) {
    try {
      read_networks(file, of, *model);
    } catch (const Error& problem) {
      return std::string(problem.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal(definition), "");
  EXPECT_THAT(refusal(ddpm("model.time_conditioning = \"additive\"\n")),
              HasSubstr("config.json: resnet_time_scale_shift is \"scale_shift\", the definition's "
                        "U-Net has \"default\""));
  EXPECT_THAT(refusal(ddpm("model.skip_scale = 0.5\n")), HasSubstr("set model.skip_scale = 1"));
  fs::remove(folder_ / "unet/config.json");
  EXPECT_THAT(refusal(definition), HasSubstr("put its config.json beside it"));
}

TEST_F(DiffusersFiles, AreOfAFamilyWithAUNet) {
  const auto definition = style_gan2();
  const auto model = make_gan({definition, {1, 8, 8}});
  EXPECT_THAT([&] { exported(definition, *model); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("family 'gan' has no network that diffusers knows")));
}

}  // namespace
}  // namespace assay
