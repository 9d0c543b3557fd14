// SPDX-License-Identifier: Apache-2.0
// The switches of ADM, DDPM++ and NCSN++ as a definition's keys, beside PyTorch's networks of the
// same weights (tests/oracle/make_unet_oracle.py).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>
#include <numbers>

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
  std::vector<std::string> families = {"ddpm", "diffusion"};
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
          {"ncsnpp_fourier",
           kPlus + "model.multipliers = [1, 2, 2]\nmodel.resample_filter = [1, 3, 3, 1]\n"
                   "model.progressive_input = 'residual'\nobjective.process = 've'\n"
                   "objective.prediction = 'score'\nmodel.time_features = 'fourier'\n",
           {3, 8, 8},
           {"diffusion"}},
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
  for (const auto& family : GetParam().families) {
    const auto definition = defined(family, GetParam().toml);
    const auto network =
        denoising_network({.definition = definition, .example_shape = GetParam().example});
    std::map<std::string, torch::Tensor> sorted;
    for (const auto& item : network->named_parameters()) sorted[item.key()] = item.value();
    double phase = 0.0;
    for (auto& [name, parameter] : sorted) {
      parameter.copy_(filled(parameter.sizes(), phase++, 0.2));
    }
    for (auto& buffer : network->named_buffers()) {
      ASSERT_EQ(buffer.key(), "fourier.frequencies");
      buffer.value().copy_(filled(buffer.value().sizes(), 2.5, 1.0) * (2.0 * std::numbers::pi));
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

const std::string kFourier =
    "objective.process = 've'\nobjective.prediction = 'score'\nmodel.time_features = 'fourier'\n";

TEST(FourierFeatures, AreSinesAndCosinesAtTheirFrequencies) {
  torch::manual_seed(3);
  FourierFeatures features(20000, 16.0);
  const auto frequencies = features->named_buffers()["frequencies"].to(torch::kDouble);
  EXPECT_TRUE(features->parameters().empty());
  // N(0, (2π 16)²), five standard errors of 20,000 draws.
  const double sd = 2.0 * std::numbers::pi * 16.0;
  EXPECT_NEAR(frequencies.mean().item<double>(), 0.0, 5.0 * sd / std::sqrt(20000.0));
  EXPECT_NEAR(frequencies.std().item<double>(), sd, 5.0 * sd / std::sqrt(40000.0));
  const auto of = features->forward(torch::tensor({0.25F, -2.0F})).to(torch::kDouble);
  const auto angles = torch::tensor({0.25, -2.0}, torch::kDouble).unsqueeze(1) * frequencies;
  // f32 rounds angles of up to 1,000 radians by 3e-5.
  EXPECT_LT((of - torch::cat({angles.sin(), angles.cos()}, 1)).abs().max().item<double>(), 1e-4);
}

TEST(FourierFeatures, AreOfTheLogarithmOfTheNoise) {
  const auto t = torch::tensor({0.0, 0.3, 1.0}, torch::kDouble);
  const auto told = [&](const std::string& toml) {
    const auto process = process_of(defined("diffusion", toml), torch::kCPU);
    return process->network_time(t, process->at(t));
  };
  // σ = .01 · 5000^t, and .002 · 40000^t of EDM, of which a quarter of the logarithm is told.
  EXPECT_TRUE(torch::allclose(told(kFourier), std::log(0.01) + t * std::log(5000.0)));
  EXPECT_TRUE(torch::equal(told("objective.process = 've'\n"), t));
  EXPECT_TRUE(torch::allclose(told("objective.process = 'edm'\nobjective.prediction = 'F'\n"
                                   "model.time_features = 'fourier'\n"),
                              0.25 * (std::log(0.002) + t * std::log(40000.0))));
}

// Both networks of a model hold the same ones, whatever has been trained.
TEST(FourierFeatures, StayAsTheyWereDrawnInTheAverageToo) {
  for (const auto& network :
       {kSmall, std::string("model.network = 'mlp'\nmodel.hidden_widths = [8]\n"
                            "model.time_frequencies = 4\n")}) {
    const auto model = small_model(
        "family = 'diffusion'\nema.decay = 0.9\nema.ramp = false\n"
        "optimizer.weight_decay = 0.1\n" +
            kFourier + network,
        {1, 8, 8});
    const auto before = copy_of_state(*model).at("network.fourier.frequencies");
    for (int step = 0; step < 3; ++step) {
      logged_by_step(*model, {torch::rand({6, 1, 8, 8}, seeded(5)), {}}, step);
    }
    const auto after = copy_of_state(*model);
    EXPECT_TRUE(torch::equal(after.at("network.fourier.frequencies"), before));
    EXPECT_TRUE(torch::equal(after.at("ema.fourier.frequencies"), before));
  }
}

TEST(FourierFeatures, NeedANumberOfThemInAPerceptron) {
  try {
    small_model("family = 'diffusion'\nmodel.network = 'mlp'\n" + kFourier, {2});
    FAIL();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("set model.time_frequencies"));
  }
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
