// SPDX-License-Identifier: Apache-2.0
// The switches of ADM, DDPM++ and NCSN++ as a definition's keys, beside PyTorch's networks of the
// same weights (tests/oracle/make_unet_oracle.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>

#include "core/error.h"
#include "families/diffusion/composition.h"
#include "tests/families/small_model.h"
#include "tests/oracle/filled.h"

namespace assay {
namespace {

using testing::HasSubstr;

struct Case {
  std::string name, toml;
  std::vector<std::int64_t> example;
};

void PrintTo(const Case& of, std::ostream* out) { *out << of.name; }

const std::string kSmall =
    "model.base_channels = 8\nmodel.multipliers = [1, 2]\nmodel.groups = 4\nmodel.heads = 2\n";
const std::string kPlus =
    "model.base_channels = 8\nmodel.groups = 4\nmodel.heads = 1\n"
    "model.attention_resolutions = [4]\nmodel.up_attention = 'last_block'\n"
    "model.time_conditioning = 'additive'\nmodel.resample = 'biggan'\n"
    "model.skip_scale = 0.7071067811865476\n";

std::vector<Case> cases() {
  return {{"adm",
           "model.base_channels = 8\nmodel.multipliers = [1, 2]\nmodel.groups = 4\n"
           "model.attention_resolutions = [8, 4]\nmodel.head_channels = 4\n"
           "model.resample = 'residual'\n",
           {1, 8, 8}},
          {"ddpmpp", kPlus + "model.multipliers = [1, 2]\nmodel.blocks = 2\n", {3, 8, 8}},
          {"ncsnpp",
           kPlus + "model.multipliers = [1, 2, 2]\nmodel.resample_filter = [1, 3, 3, 1]\n"
                   "model.progressive_input = 'residual'\n",
           {3, 8, 8}},
          {"compact",
           kSmall + "model.layout = 'compact'\nmodel.space_to_depth = 2\n"
                    "model.attention_resolutions = [4]\nmodel.resample = 'residual'\n"
                    "model.resample_filter = [1, 3, 3, 1]\n",
           {1, 16, 16}}};
}

Definition defined(const std::string& family, const std::string& toml) {
  return resolve_text("family = '" + family + "'\n" + toml, "here.toml", family_schema, {});
}

class DiffusionNetwork : public testing::TestWithParam<Case> {};

TEST_P(DiffusionNetwork, OfADefinitionIsPyTorchsOfTheSameWeights) {
  const auto expected = torch::tensor(
      oracle("unet_oracle.json").at(GetParam().name).at("output").get<std::vector<double>>());
  const torch::NoGradGuard no_grad;
  for (const std::string family : {"ddpm", "diffusion"}) {
    const auto definition = defined(family, GetParam().toml);
    const auto network =
        denoising_network({.definition = definition, .example_shape = GetParam().example});
    std::map<std::string, torch::Tensor> sorted;
    for (const auto& item : network->named_parameters()) sorted[item.key()] = item.value();
    double phase = 0.0;
    for (auto& [name, parameter] : sorted) {
      parameter.copy_(filled(parameter.sizes(), phase++, 0.2));
    }
    auto shape = GetParam().example;
    shape.insert(shape.begin(), 2);
    const auto y = network->predict(filled(shape, 0.5, 0.9), torch::tensor({0.3F, 0.8F}), {}, {});
    // Of the order of 0.1; twenty layers in f32 round to 1e-7.
    EXPECT_LT((y.flatten() - expected).abs().max().item<double>(), 1e-6) << family;
  }
}

INSTANTIATE_TEST_SUITE_P(PyTorch, DiffusionNetwork, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(DiffusionNetwork, TellsTheTimeByTheFrequenciesOfItsDefinition) {
  const torch::NoGradGuard no_grad;
  const auto x = filled({2, 1, 8, 8}, 0.5, 0.9);
  const auto outputs = [&](const std::string& frequencies) {
    const auto definition =
        defined("diffusion", kSmall + "model.time_embedding = 4\n" + frequencies);
    const auto network = denoising_network({.definition = definition, .example_shape = {1, 8, 8}});
    for (auto& parameter : network->parameters()) {
      parameter.copy_(filled(parameter.sizes(), 1.0, 0.2));
    }
    return network->predict(x, torch::tensor({0.3F, 0.8F}), {}, {});
  };
  const std::string low = "model.lowest_time_frequency = 1e-6\n";
  const auto slow = outputs(low + "model.highest_time_frequency = 1e-6\n");
  const auto published = outputs(low + "model.highest_time_frequency = 1.0\n");
  // A key that is not read leaves every bit.
  EXPECT_FALSE(torch::equal(slow, published));
  EXPECT_FALSE(torch::equal(outputs(low), published));
  EXPECT_TRUE(torch::equal(outputs(low), outputs(low + "model.highest_time_frequency = 1000\n")));
}

TEST(DiffusionNetwork, RefusesSwitchesThatDoNotFit) {
  const auto refused = [](const std::string& toml) -> std::string {
    const auto definition = defined("ddpm", toml);
    try {
      denoising_network({.definition = definition, .example_shape = {1, 8, 8}});
    } catch (const Error& error) {
      return error.what();
    }
    return "";
  };
  EXPECT_THAT(refused("model.head_channels = 24\n"),
              HasSubstr("[model]: heads of 24 channels do not divide a level's 32 channels"));
  EXPECT_THAT(refused("model.resample = 'residual'\nmodel.resample_filter = [1, 2, 1]\n"),
              HasSubstr("[model]: the resampling filter has 3 taps"));
  EXPECT_THAT(refused("model.lowest_time_frequency = 10.0\nmodel.highest_time_frequency = 1.0\n"),
              HasSubstr("[model]: the lowest frequency of the time, 10, exceeds the highest, 1"));
}

}  // namespace
}  // namespace assay
