// SPDX-License-Identifier: Apache-2.0
#include "harness/seed_batch.h"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/utils.h>

#include <ostream>

#include "core/error.h"
#include "families/registry.h"
#include "harness/state.h"
#include "tests/harness/toy_model.h"
#include "tests/small_families.h"

namespace assay {
namespace {

constexpr std::int64_t kSteps = 20;
constexpr std::int64_t kBatch = 24;

struct Case : SmallFamily {
  // Largest difference to the run alone after 20 steps, as a share of each tensor's largest value.
  // Batched products, and sums and vector loops that end elsewhere, differ in last bits, which
  // training magnifies: seen are up to 3.9e-5.
  double tolerance = 1e-4;
};
void PrintTo(const Case& setting, std::ostream* out) { *out << setting.label; }

std::vector<Case> cases() {
  std::vector<Case> all;
  for (const auto* label :
       {"GanPoints", "GanMaxoutMinimax", "GanWassersteinPenalised", "GanHingeSpectralPacked",
        "Dcgan", "DcganRelativisticPenalised", "VaeMlpBernoulli", "VaeConv",
        "VaeConditionalTwoStage", "VaeVampIwae", "VaeFactorDipMmd", "AutoencoderTiedContractive",
        "AutoencoderSparseConv", "DdpmDdim", "DdpmHeunWeighted", "DdpmLossSecondMoment",
        "DiffusionNcsnpp"}) {
    all.push_back({small_family(label)});
  }
  // A bias in front of groups of one channel, and that of keys, has no slope but rounding, which
  // Adam makes steps of; a discriminator that learns fast meets the hinge's kink.
  all.push_back({small_family("VaeMapsPatchGan")});
  all.back().toml +=
      "model.groups = 2\nmodel.attention = false\noptimizer.patch_gan_learning_rate = 1e-4\n";
  return all;
}

// A seed on its own: its model, batches and noise.
struct Seed {
  std::unique_ptr<Trainable> model;
  torch::Generator noise;
  torch::Generator order;

  Batch batch(const Case& setting) {
    auto sizes = setting.example_shape;
    sizes.insert(sizes.begin(), kBatch);
    return {at::rand(sizes, order) * 2 - 1, at::randint(0, 3, {kBatch}, order, at::kLong)};
  }
};

std::unique_ptr<Trainable> build(const Case& setting, std::uint64_t seed) {
  const auto definition = resolve_text(setting.toml, setting.label, family_schema, {});
  torch::manual_seed(seed);
  return family(definition.family)
      .make({.definition = definition,
             .example_shape = setting.example_shape,
             .classes = setting.classes,
             .training_images = torch::randint(0, 256, {256, 1, 8, 8}).to(torch::kByte)});
}

Seed make_seed(const Case& setting, std::uint64_t seed) {
  return {build(setting, seed), at::detail::createCPUGenerator(seed + 10),
          at::detail::createCPUGenerator(seed + 20)};
}

StepContext context_of(std::int64_t step, const torch::Generator& noise) {
  return {step, kSteps, step * kBatch, 0.1 * static_cast<double>(step), noise};
}

using Losses = std::vector<LossValue>;

Losses train_alone(const Case& setting, Seed& seed) {
  Losses losses;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const auto batch = seed.batch(setting);
    losses = loss_values(seed.model->training_step(batch, context_of(step, seed.noise)));
  }
  return losses;
}

// seeds: of each place; one without a model is empty.
std::vector<Losses> train_together(const Case& setting, std::vector<Seed>& seeds) {
  std::vector<Trainable*> models;
  for (auto& seed : seeds) models.push_back(seed.model.get());
  SeedBatch together(build(setting, 99), models);
  std::vector<Losses> losses;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    std::vector<SeedBatch::Input> inputs;
    for (auto& seed : seeds) {
      inputs.push_back(seed.model ? SeedBatch::Input{seed.batch(setting), seed.noise}
                                  : SeedBatch::Input{});
    }
    losses = together.training_step(inputs, context_of(step, at::detail::createCPUGenerator(0)));
  }
  return losses;
}

std::vector<Seed> three_seeds(const Case& setting) {
  std::vector<Seed> seeds;
  for (std::uint64_t s = 0; s < 3; ++s) seeds.push_back(make_seed(setting, s));
  return seeds;
}

double largest_difference(const torch::Tensor& a, const torch::Tensor& b) {
  if (torch::equal(a, b)) return 0.0;
  const auto difference = (a.to(torch::kFloat64) - b.to(torch::kFloat64)).abs().max();
  return (difference / b.to(torch::kFloat64).abs().max()).item<double>();
}

class SeedBatchFamilies : public testing::TestWithParam<Case> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(SeedBatchFamilies, EverySeedEndsAsItDoesAlone) {
  auto together = three_seeds(GetParam()), alone = three_seeds(GetParam());
  const auto losses = train_together(GetParam(), together);
  double worst = 0.0;
  for (std::size_t s = 0; s < alone.size(); ++s) {
    const auto expected = train_alone(GetParam(), alone[s]);
    ASSERT_EQ(losses[s].size(), expected.size());
    for (std::size_t i = 0; i < expected.size(); ++i) {
      EXPECT_EQ(losses[s][i].name, expected[i].name);
      EXPECT_NEAR(losses[s][i].value, expected[i].value, 1e-4 * std::abs(expected[i].value) + 1e-5);
    }
    const auto state = state_tensors(*together[s].model);
    for (const auto& [name, value] : state_tensors(*alone[s].model)) {
      const double difference = largest_difference(state.at(name), value);
      EXPECT_LE(difference, GetParam().tolerance) << name << " of seed " << s;
      worst = std::max(worst, difference);
    }
    EXPECT_TRUE(torch::equal(together[s].noise.get_state(), alone[s].noise.get_state()));
  }
  RecordProperty("largest_difference", std::to_string(worst));
}

TEST_P(SeedBatchFamilies, ASeedsBitsDoNotDependOnTheOthers) {
  auto all = three_seeds(GetParam());
  train_together(GetParam(), all);
  std::vector<Seed> only_second(3);
  only_second[1] = make_seed(GetParam(), 1);
  train_together(GetParam(), only_second);
  EXPECT_EQ(state_hash(*only_second[1].model), state_hash(*all[1].model));
  EXPECT_NE(state_hash(*all[0].model), state_hash(*all[1].model));
}

INSTANTIATE_TEST_SUITE_P(Registry, SeedBatchFamilies, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.label; });

TEST(SeedBatch, UpToTwoToThe21ParametersTrainFasterTogether) {
  const auto model = build(Case{small_family("GanPoints")}, 1);
  const std::int64_t places = (std::int64_t{1} << 21) / parameter_count(*model);
  EXPECT_TRUE(faster_together(*model, places));
  EXPECT_FALSE(faster_together(*model, places + 1));
}

TEST(SeedBatch, ASeedThatDivergesDisturbsNoOther) {
  const Case setting{small_family("GanPoints")};
  auto calm = three_seeds(setting), hot = three_seeds(setting);
  train_together(setting, calm);
  {
    const torch::NoGradGuard no_grad;
    state_tensors(*hot[1].model).at("generator.0.weight").fill_(NAN);
  }
  const auto losses = train_together(setting, hot);
  EXPECT_TRUE(std::isnan(losses[1].front().value));
  EXPECT_EQ(state_hash(*hot[0].model), state_hash(*calm[0].model));
  EXPECT_EQ(state_hash(*hot[2].model), state_hash(*calm[2].model));
}

std::string problem_of(const Case& setting) {
  try {
    auto seeds = three_seeds(setting);
    train_together(setting, seeds);
  } catch (const Error& problem) {
    return problem.what();
  }
  return "none";
}

TEST(SeedBatch, AModelThatCannotSaysSo) {
  const Case vq_vae = {{"VqVae",
                        "family = \"vq_vae\"\nmodel.channels = 16\nmodel.residual_channels = 8\n"
                        "model.codes = 8\nmodel.code_dim = 1\n",
                        {1, 8, 8}}};
  EXPECT_THAT(problem_of(vq_vae), testing::HasSubstr("train.seed_batch"));
  EXPECT_THAT(problem_of(vq_vae), testing::HasSubstr("codebook"));
  const Case contractive = {{"Contractive",
                             "family = \"autoencoder\"\nmodel.network = \"mlp\"\n"
                             "model.latent_dim = 4\nobjective.contraction = \"hutchinson\"\n",
                             {1, 8, 8}}};
  EXPECT_THAT(problem_of(contractive), testing::HasSubstr("objective.contraction"));
  EXPECT_THAT(problem_of(contractive), testing::HasSubstr("set train.seed_batch = 0"));
  Case dragan{small_family("Dcgan")};
  dragan.toml += "objective.dragan = 1\n";
  EXPECT_THAT(problem_of(dragan), testing::HasSubstr("batch normalisation"));
  EXPECT_THAT(problem_of(dragan), testing::HasSubstr("set train.seed_batch = 0"));
}

/// A model whose steps fail for a reason that has nothing to do with how many seeds there are.
struct WithoutMemory : ToyModel {
  std::vector<LossTerm> training_step(const Batch&, const StepContext&) override {
    TORCH_CHECK(false, "not enough memory: you tried to allocate 9 bytes");
  }
};

TEST(SeedBatch, AnythingElseThatGoesWrongIsNotPutDownToIt) {
  std::vector<std::unique_ptr<Trainable>> owned;
  std::vector<Trainable*> models;
  for (int i = 0; i < 2; ++i) models.push_back(owned.emplace_back(new WithoutMemory).get());
  SeedBatch together(std::make_unique<WithoutMemory>(), models);
  const SeedBatch::Input input{{torch::zeros({2, 1, 2, 2}), {}}, at::detail::createCPUGenerator(1)};
  try {
    together.training_step({input, input}, context_of(0, at::detail::createCPUGenerator(0)));
    FAIL() << "it trained";
  } catch (const c10::Error& problem) {
    EXPECT_THAT(problem.what_without_backtrace(), testing::HasSubstr("not enough memory"));
  }
}

}  // namespace
}  // namespace assay
