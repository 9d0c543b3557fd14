// SPDX-License-Identifier: Apache-2.0
// Diffusion models that are told a class or a sequence of tokens: ten steps beside PyTorch's
// (tests/oracle/make_transformer_oracle.py), what samples are asked for, and what a token changes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "families/told_samples.h"
#include "tests/families/twin.h"

namespace assay {
namespace {

using ::testing::HasSubstr;
using ::testing::ThrowsMessage;
using torch::Tensor;

constexpr std::int64_t kClasses = 3;
constexpr double kLoud = 20.0;  // of the script

const std::string kTokenUNet =
    "family = 'diffusion'\nmodel.base_channels = 8\nmodel.multipliers = [1, 2]\n"
    "model.groups = 4\nmodel.heads = 2\nmodel.attention_resolutions = [4]\n"
    "model.resample = 'residual'\nmodel.conditional = true\nmodel.cross_attention = true\n";
const std::string kDiT =
    "family = 'diffusion'\nmodel.network = 'dit'\nmodel.patch_size = 2\nmodel.depth = 2\n"
    "model.width = 8\nmodel.heads = 2\nmodel.time_embedding = 16\nmodel.conditional = true\n";
const std::string kSteps =
    "objective.timesteps = 100\nobjective.prediction = 'epsilon'\nobjective.p_uncond = 0.3\n"
    "optimizer.learning_rate = 1e-3\nsampler.steps = 10\n";

std::unique_ptr<Trainable> told_model(const std::string& toml,
                                      std::vector<std::int64_t> factor_sizes = {2, 3},
                                      std::int64_t classes = kClasses) {
  const auto definition = resolve_text(toml, "here.toml", family_schema, {});
  torch::manual_seed(1);
  return family("diffusion")
      .make({.definition = definition,
             .example_shape = {1, 8, 8},
             .classes = classes,
             .factor_sizes = std::move(factor_sizes)});
}

TokenModel& told(Trainable& model) { return dynamic_cast<TokenModel&>(model); }

struct Case {
  std::string name, toml, table;
  double scale;  // of the weights
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

class ToldSteps : public testing::TestWithParam<Case> {};

TEST_P(ToldSteps, LoseAndLearnWhatPyTorchsDo) {
  const auto& [name, toml, table, scale] = GetParam();
  const auto expected = oracle("transformer_oracle.json").at(name);
  const auto model = told_model(toml + kSteps);
  const auto state = state_of(*model);
  double phase = 0.0;
  for (const auto& [of, value] : state) {
    if (!of.starts_with("network.") || !value.requires_grad()) continue;
    const torch::NoGradGuard no_grad;
    Tensor(value).copy_(filled(value.sizes(), phase++, scale) * (of == table ? kLoud : 1.0));
  }
  const auto noise = seeded(7);
  const auto i = torch::arange(8);
  for (std::int64_t step = 0; step < 10; ++step) {
    const Batch batch{.images = filled({8, 1, 8, 8}, 0.37 * static_cast<double>(step), 0.9),
                      .labels = i.remainder(kClasses),
                      .factors = torch::stack({i.remainder(2), i.remainder(3)}, 1)};
    const auto terms =
        model->training_step(batch, {.step = step, .total_steps = 10, .noise = noise});
    const auto right = expected.at("losses").at(static_cast<std::size_t>(step)).get<double>();
    // Rounding, which training magnifies.
    EXPECT_NEAR(terms.front().value.item<double>(), right, 1e-4 * (0.1 + right)) << step;
  }
  const double size = size_of_weights(state, "network");
  EXPECT_NEAR(size / expected.at("weights").get<double>(), 1.0, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(
    PyTorch, ToldSteps,
    testing::Values(Case{"steps_class", kTokenUNet, "network.tokens.weight", 0.4},
                    Case{"steps_attributes", kTokenUNet + "model.tokens = 'attributes'\n",
                         "network.tokens.weight", 0.4},
                    Case{"steps_dit", kDiT, "network.label.weight", 0.2}),
    [](const auto& test) { return test.param.name; });

const std::string kAttributes = kTokenUNet + "model.tokens = 'attributes'\n";
const std::string kFast = "objective.prediction = 'v'\nsampler.steps = 4\n";

TEST(ToldSamples, AreOfTheGridsPlacesAtAFixedStride) {
  // 6 (√5−1)/2 is 3.7; 4 divides by 2 as 6 does, 5 shares nothing with it: places 0 5 4 3 2 1.
  const auto model = told_model(kAttributes + kFast);
  const auto asked = told(*model).sample_tokens(7);
  const auto right = torch::tensor({0, 0, 1, 2, 1, 1, 1, 0, 0, 2, 0, 1, 0, 0}).view({7, 2});
  EXPECT_TRUE(torch::equal(asked, right)) << asked;
  // 3D Shapes' grid: 480,000 (√5−1)/2 is 296,656.3; of 296,657 and what follows 296,657 is the
  // first without 2, 3 or 5.
  const auto shapes = told_model(kAttributes + kFast, {10, 10, 10, 8, 4, 15});
  const auto second = torch::tensor({6, 1, 8, 0, 1, 2}).view({1, 6});
  const auto many = told(*shapes).sample_tokens(1440);
  EXPECT_TRUE(torch::equal(many.slice(0, 1, 2), second)) << many[1];
  // In three times 480 samples each orientation, shape and scale as often as the others.
  for (const auto& [column, size] : std::map<std::int64_t, std::int64_t>{{5, 15}, {4, 4}, {3, 8}}) {
    const auto counts = torch::bincount(many.select(1, column), {}, size);
    EXPECT_TRUE(torch::equal(counts, torch::full({size}, 1440 / size, torch::kLong))) << counts;
  }
}

TEST(ToldSamples, OfOneTokenAreOfTheClassesInTurn) {
  const auto model = told_model(kTokenUNet + kFast);
  const auto labels = dynamic_cast<GenerativeModel&>(*model).sample_labels(5);
  EXPECT_TRUE(torch::equal(*labels, torch::tensor({0, 1, 2, 0, 1})));
  EXPECT_TRUE(torch::equal(told(*model).sample_tokens(5).flatten(), *labels));
  EXPECT_EQ(told(*model).token_sizes(), std::vector<std::int64_t>{kClasses});
}

// Large entries, and outputs that are not zero.
std::unique_ptr<Trainable> loud_model(const std::string& toml) {
  auto model = told_model(toml);
  const torch::NoGradGuard no_grad;
  double phase = 0.0;
  for (auto& [name, value] : state_of(*model)) {
    if (!name.starts_with("network.") || !value.requires_grad()) continue;
    Tensor(value).copy_(filled(value.sizes(), phase++, name.ends_with("tokens.weight") ? 8 : 0.3));
  }
  return model;
}

TEST(ToldSamples, AskedForTheSameAreTheSame) {
  const auto model = loud_model(kAttributes + kFast);
  const auto asked = told(*model).sample_tokens(5);
  const auto drawn = samples_of(*model, 5);
  const auto again = told(*model).sample_of_tokens(asked, seeded(3));
  EXPECT_TRUE(torch::allclose(drawn, again, 1e-5, 1e-6));
  auto swapped = asked.clone();
  swapped[2][1] = (swapped[2][1] + 1).remainder(3);
  const auto other = told(*model).sample_of_tokens(swapped, seeded(3));
  const auto moved = (other - drawn).abs().flatten(1).amax(1);
  EXPECT_GT(moved[2].item<double>(), 1e-3);
  EXPECT_LT(moved.index_fill(0, torch::tensor({2}), 0.0).max().item<double>(), 1e-5);
  EXPECT_THROW(told(*model).sample_of_tokens(asked.slice(1, 0, 1), seeded(3)), c10::Error);
  EXPECT_THROW(told(*model).sample_of_tokens(asked + 2, seeded(3)), c10::Error);
}

// x̂_u + 0 (x̂_c − x̂_u): nothing of the sequence is left.
TEST(ToldSamples, AreGuidedBetweenTheSequenceAndNone) {
  const auto guided = [](const std::string& scale) {
    return loud_model(kAttributes + kFast +
                      "objective.p_uncond = 0.1\nsampler.guidance_scale = " + scale + "\n");
  };
  const auto a = torch::tensor({0, 1}).view({1, 2}), b = torch::tensor({1, 2}).view({1, 2});
  const auto apart = [&](const std::string& scale) {
    const auto model = guided(scale);
    const auto of_a = told(*model).sample_of_tokens(a, seeded(3));
    return (of_a - told(*model).sample_of_tokens(b, seeded(3))).abs().max().item<double>();
  };
  EXPECT_EQ(apart("0"), 0.0);
  EXPECT_GT(apart("1"), 1e-3);
}

// Two halves of an image, each of a grey that a factor of its own says: of three and of two.
Tensor halves(const Tensor& factors) {
  const auto greys =
      torch::stack({factors.select(1, 0) * 0.6 - 0.6, factors.select(1, 1) - 0.5}, 1);
  return greys.to(torch::kFloat).view({-1, 1, 1, 2}).repeat_interleave(4, 3).expand({-1, 1, 8, 8});
}

TEST(ToldSamples, OfASwappedTokenDifferInWhatItNamesAlone) {
  const auto model = told_model(kAttributes +
                                    "objective.process = 'ot'\nobjective.prediction = 'velocity'\n"
                                    "sampler.name = 'euler'\nsampler.spacing = 'trailing'\n"
                                    "sampler.steps = 8\noptimizer.learning_rate = 5e-3\n",
                                {3, 2});
  const auto i = torch::arange(12);
  const auto factors = torch::stack({i.remainder(3), i.remainder(2)}, 1);
  const Batch batch{.images = halves(factors).contiguous(), .labels = {}, .factors = factors};
  const auto noise = seeded(7);
  for (std::int64_t step = 0; step < 300; ++step) {
    model->training_step(batch, {.step = step, .total_steps = 300, .noise = noise});
  }
  const auto shown = [&](std::int64_t left, std::int64_t right) {
    const auto values = torch::tensor({left, right}).repeat({4, 1});
    const auto images = told(*model).sample_of_tokens(values, seeded(3));
    return torch::stack({images.slice(3, 0, 4).mean(), images.slice(3, 4, 8).mean()});
  };
  for (const std::int64_t left : {0, 1, 2}) {
    for (const std::int64_t right : {0, 1}) {
      const auto greys = shown(left, right);
      // The greys are .6 and 1 apart.
      EXPECT_NEAR(greys[0].item<double>(), 0.6 * static_cast<double>(left) - 0.6, 0.15);
      EXPECT_NEAR(greys[1].item<double>(), static_cast<double>(right) - 0.5, 0.15);
    }
  }
}

std::string refusal(const std::string& toml, const std::vector<std::int64_t>& factor_sizes = {2, 3},
                    std::int64_t classes = kClasses) {
  try {
    told_model(toml, factor_sizes, classes);
  } catch (const Error& refused) {
    return refused.what();
  }
  return "";
}

TEST(ToldSamples, RefuseByName) {
  EXPECT_THAT(refusal(kAttributes + kFast, {}), HasSubstr("model.tokens = \"attributes\""));
  EXPECT_THAT(refusal(kTokenUNet + kFast, {2, 3}, 0), HasSubstr("needs labels"));
  EXPECT_THAT(refusal(kDiT + kFast, {}, 0), HasSubstr("needs labels"));
  EXPECT_THAT(refusal(kDiT + kFast + "model.classifier = true\n"), HasSubstr("model.classifier"));
  EXPECT_THAT(refusal(kAttributes + kFast + "model.classifier = true\n"),
              HasSubstr("model.tokens = \"attributes\""));
  EXPECT_THAT(
      [] {
        resolve_text(kDiT + "model.cross_attention = true\n", "here.toml", family_schema,
                     {.check_effects = true});
      },
      ThrowsMessage<Error>(HasSubstr("model.cross_attention = true has no effect")));
  const auto model = told_model(kAttributes + kFast);
  const Batch without{torch::zeros({2, 1, 8, 8}), torch::zeros({2}, torch::kLong)};
  EXPECT_THROW(model->training_step(without, {.noise = seeded(1)}), Error);
}

}  // namespace
}  // namespace assay
