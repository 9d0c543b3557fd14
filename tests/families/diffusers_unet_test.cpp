// SPDX-License-Identifier: Apache-2.0
// U-Nets of diffusers 0.35.2 with the same weights (tests/oracle/make_diffusers_unet.py).
#include "families/diffusion/diffusers_unet.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <map>
#include <string>

#include "core/error.h"
#include "families/diffusion/composition.h"
#include "families/registry.h"
#include "kernels/runtime/multiply_adds.h"
#include "tests/oracle/filled.h"

namespace assay {
namespace {

using std::int64_t;
using ::testing::HasSubstr;

constexpr int64_t kSteps = 100;

// Frequencies of 100 timesteps: 10000^(−i/(K − 1)) for K = 4, or 10000^(−i/4), a hundred times.
const std::string kUNet = R"(family = "diffusion"
objective.timesteps = 100
model.base_channels = 8
model.multipliers = [1, 2]
model.groups = 4
model.attention_resolutions = [4]
model.time_embedding = 8
model.highest_time_frequency = 100
)";
const std::string kDdpm = kUNet + R"(model.lowest_time_frequency = 0.01
model.heads = 1
model.time_conditioning = "additive"
)";
const std::string kFilm = kUNet + R"(model.lowest_time_frequency = 0.1
model.head_channels = 4
model.conditional = true
objective.learned_variance = true
)";

const std::string kCross = kUNet + R"(model.lowest_time_frequency = 0.01
model.heads = 2
model.time_conditioning = "additive"
model.conditional = true
model.cross_attention = true
)";

const std::string kCrossFilm = kUNet + R"(model.lowest_time_frequency = 0.1
model.head_channels = 8
model.conditional = true
model.cross_attention = true
)";

const std::string& text_of(const std::string& name) {
  static const std::map<std::string, std::string> kTexts = {
      {"ddpm", kDdpm}, {"film", kFilm}, {"cross", kCross}, {"cross_film", kCrossFilm}};
  return kTexts.at(name);
}

Definition resolved(const std::string& text) {
  return resolve_text(text, "here.toml", family_schema, {});
}

struct Peer {
  std::string name;
  Definition definition;
  UNet network;
  nlohmann::json oracle;

  explicit Peer(const std::string& of)
      : name(of),
        definition(resolved(text_of(of))),
        network(unet_options({definition, {channels(), 8, 8}, 3})),
        oracle(assay::oracle("diffusers_unet.json").at(of)) {}

  int64_t channels() const { return name == "film" ? 3 : 1; }
  TensorMap tensors() const {
    TensorMap all;
    for (const auto& item : network->named_parameters()) all[item.key()] = item.value();
    return all;
  }
  bool cosines_first() const { return oracle.at("config").at("flip_sin_to_cos").get<bool>(); }
  // Weights as the script fills them, brought to ours.
  void fill() {
    TensorMap stored;
    double phase = 0.0;
    for (const auto& [key, sizes] : oracle.at("names").items()) {
      stored[key] = filled(sizes.get<std::vector<int64_t>>(), phase++, 0.3);
    }
    auto ours = tensors();
    from_diffusers(stored, "peer", cosines_first(), ours);
  }
  torch::Tensor output() {
    const auto x = filled({2, channels(), 8, 8}, 0.5);
    const auto t = torch::tensor({3.0F, 71.0F}) / kSteps;
    Condition condition;
    if (name == "film") condition.labels = torch::tensor({2L, 0L});
    if (name.starts_with("cross")) condition.tokens = torch::tensor({{2L}, {0L}});
    return network->predict(x, t, condition, std::nullopt);
  }
};

class DiffusersUNetTest : public testing::TestWithParam<const char*> {};

TEST_P(DiffusersUNetTest, HasTheNamesAndShapesThatDiffusersGivesIt) {
  const Peer peer(GetParam());
  nlohmann::json names;
  for (const auto& [name, value] : to_diffusers(peer.tensors())) names[name] = value.sizes().vec();
  EXPECT_EQ(names, peer.oracle.at("names"));
}

TEST_P(DiffusersUNetTest, OfTheSameWeightsReturnsTheSame) {
  Peer peer(GetParam());
  peer.fill();
  const torch::NoGradGuard no_grad;
  const auto right = peer.oracle.at("output").get<std::vector<double>>();
  const auto expected = torch::tensor(right).to(torch::kFloat);
  const auto output = peer.output().flatten();
  ASSERT_EQ(output.numel(), expected.numel());
  // A time of 71/100 in f32 is off by 2e-8, and so are the angles by 2e-6.
  EXPECT_LT((output - expected).abs().max().item<double>(), 2e-5);
  EXPECT_GT(expected.std().item<double>(), 0.02);
}

TEST_P(DiffusersUNetTest, ComesBackFromDiffusersNamesToTheSameBits) {
  torch::manual_seed(5);
  const Peer peer(GetParam());
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : peer.tensors()) value.normal_();
  Peer other(GetParam());
  auto copied = other.tensors();
  from_diffusers(to_diffusers(peer.tensors()), "peer", false, copied);
  for (const auto& [name, value] : peer.tensors()) {
    EXPECT_TRUE(value.equal(other.tensors().at(name))) << name;
  }
}

// But for a sample's side, which a definition does not know, and the order of the time's features.
TEST_P(DiffusersUNetTest, IsDescribedAsDiffusersDescribesIt) {
  const Peer peer(GetParam());
  const auto unet = diffusers_unet(peer.definition);
  const auto ours = nlohmann::json::parse(diffusers_config(unet, peer.tensors()));
  auto theirs = peer.oracle.at("config");
  for (const auto& [key, value] : ours.items()) {
    if (key == "_class_name" || key == "sample_size" || key == "flip_sin_to_cos") continue;
    // Theirs of "cross" is one number for both levels.
    if (key == "attention_head_dim" && value == nlohmann::json({2, 2})) continue;
    EXPECT_EQ(value, theirs.at(key)) << key;
  }
  EXPECT_EQ(diffusers_flips(theirs.dump(), "config.json", unet, peer.tensors()),
            peer.cosines_first());
  auto unsaid = theirs;
  unsaid.erase("norm_num_groups");
  EXPECT_THAT([&] { diffusers_flips(unsaid.dump(), "config.json", unet, peer.tensors()); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("config.json: norm_num_groups is 32 unless it is said")));
  theirs["norm_eps"] = 1e-6;
  EXPECT_THAT([&] { diffusers_flips(theirs.dump(), "config.json", unet, peer.tensors()); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("config.json: norm_eps is 1e-06, the definition's U-Net has 1e-05")));
}

// PyTorch's own counter over the same network, its attention as two products; a step of training
// asks for no gradient by the image.
TEST_P(DiffusersUNetTest, MultipliesAsOftenAsPyTorchCounts) {
  Peer peer(GetParam());
  torch::Tensor loss;
  {
    const MultiplyAddCounter counter;
    loss = peer.output().sum();
    EXPECT_EQ(counter.count(), peer.oracle.at("forward_multiply_adds").get<int64_t>());
  }
  const MultiplyAddCounter counter;
  loss.backward();
  EXPECT_EQ(counter.count(), peer.oracle.at("backward_multiply_adds").get<int64_t>());
}

INSTANTIATE_TEST_SUITE_P(Peers, DiffusersUNetTest,
                         testing::Values("ddpm", "film", "cross", "cross_film"),
                         [](const auto& of) { return std::string(of.param); });

std::string refusal(const std::string& text) {
  try {
    diffusers_unet(resolved(text));
  } catch (const Error& problem) {
    return problem.what();
  }
  return "";
}

TEST(DiffusersUNet, RefusesByKeyWhatHasNoCounterpart) {
  const auto with = [](const std::string& more) { return refusal(kDdpm + more); };
  EXPECT_EQ(with(""), "");
  EXPECT_THAT(with("model.layout = \"compact\"\n"), HasSubstr("set model.layout = \"ddpm\""));
  EXPECT_THAT(with("model.resample = \"residual\"\n"), HasSubstr("set model.resample = \"conv\""));
  EXPECT_THAT(with("model.skip_scale = 0.5\n"), HasSubstr("set model.skip_scale = 1"));
  EXPECT_THAT(with("model.up_attention = \"last_block\"\n"), HasSubstr("\"every_block\""));
  EXPECT_THAT(with("model.space_to_depth = 2\n"), HasSubstr("set model.space_to_depth = 1"));
  const auto swapped = [](const std::string& from, const std::string& to) {
    auto text = kDdpm;
    return refusal(text.replace(text.find(from), from.size(), to));
  };
  EXPECT_THAT(swapped("time_embedding = 8", "time_embedding = 16"),
              HasSubstr("set model.time_embedding = 8"));
  EXPECT_THAT(swapped("multipliers = [1, 2]", "multipliers = [2, 2]"),
              HasSubstr("the first of model.multipliers = 1"));
  EXPECT_THAT(swapped("lowest_time_frequency = 0.01", "lowest_time_frequency = 0.02"),
              HasSubstr("model.lowest_time_frequency = 0.01 (freq_shift = 1) or 0.1 (0)"));
  EXPECT_THAT(swapped("timesteps = 100", "timesteps = 50"),
              HasSubstr("set model.highest_time_frequency = 50"));
  EXPECT_THAT(refusal("family = \"diffusion\"\nmodel.network = \"mlp\"\n"),
              HasSubstr("model.network = \"unet\""));
}

// Two levels attend, and four heads share other numbers of channels there.
TEST(DiffusersUNet, RefusesHeadsThatItCannotTell) {
  auto text = kDdpm;
  text.replace(text.find("heads = 1"), 9, "heads = 4");
  text.replace(text.find("[4]"), 3, "[8, 4]");
  const auto definition = resolved(text);
  const UNet network(unet_options({definition, {1, 8, 8}, 0}));
  TensorMap tensors;
  for (const auto& item : network->named_parameters()) tensors[item.key()] = item.value();
  EXPECT_THAT([&] { diffusers_config(diffusers_unet(definition), tensors); },
              ::testing::ThrowsMessage<Error>(HasSubstr("set model.head_channels")));
}

TEST(DiffusersUNet, OfAnotherShapeIsRefusedByName) {
  const Peer peer("ddpm");
  auto ours = peer.tensors();
  auto stored = to_diffusers(ours);
  stored.erase("mid_block.attentions.0.to_k.bias");
  EXPECT_THAT([&] { from_diffusers(stored, "a.safetensors", false, ours); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("a.safetensors: lacks 'mid_block.attentions.0.to_k.bias'")));
  stored = to_diffusers(ours);
  stored["conv_in.extra"] = torch::zeros({1});
  EXPECT_THAT([&] { from_diffusers(stored, "a.safetensors", false, ours); },
              ::testing::ThrowsMessage<Error>(HasSubstr("holds 'conv_in.extra'")));
  stored = to_diffusers(ours);
  stored["conv_in.bias"] = torch::zeros({9});
  EXPECT_THAT([&] { from_diffusers(stored, "a.safetensors", false, ours); },
              ::testing::ThrowsMessage<Error>(
                  HasSubstr("'conv_in.bias' is float [9], the network has float [8]")));
}

}  // namespace
}  // namespace assay
