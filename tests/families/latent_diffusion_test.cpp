// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/latent_diffusion.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using testing::HasSubstr;
using testing::ThrowsMessage;

const std::string kLatent = R"(family = "diffusion"
model.first_stage = "stage"
model.layout = "compact"
model.base_channels = 8
model.multipliers = [1]
model.groups = 4
objective.process = "edm"
objective.prediction = "F"
objective.data_sd = 1.0
objective.time_sampling = "log_normal"
sampler.name = "edm_heun"
sampler.spacing = "karras"
sampler.steps = 4
)";
const std::string kVq = R"(first_stage.family = "vq_vae"
first_stage.model.channels = 8
first_stage.model.residual_channels = 4
first_stage.model.residual_layers = 1
first_stage.model.codes = 8
first_stage.model.code_dim = 3
)";
const std::string kKlMaps = R"(first_stage.family = "vae"
first_stage.model.network = "maps"
first_stage.model.channels = [8, 8, 8]
first_stage.model.latent_channels = 3
)";
const std::vector<std::int64_t> kImage = {1, 8, 8};

// A model of latents, its first stage, which is the parameter, and the diffusion model alone that
// it runs on them.
class LatentDiffusionTest : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    latent_.first_stage_restored();
    // Initial weights of the output are zero, which would show nothing.
    torch::NoGradGuard no_grad;
    for (auto& [name, value] : state_of(latent_)) {
      if (name == "network.output.weight") value.normal_(0.0, 0.05, seeded(2));
    }
    const auto state = state_of(latent_);
    for (auto& [name, value] : state_of(alone_)) value.copy_(state.at(name));
  }
  Batch batch() const { return {to_model_range(images_.slice(0, 0, 16)), {}}; }
  torch::Tensor scaled(const torch::Tensor& images) {
    return maps().to_latents(images) * state_of(latent_).at("first_stage.latent_scale");
  }
  LatentMaps& maps() { return dynamic_cast<LatentMaps&>(latent_.first_stage()); }

  Definition definition_ = resolve_text(kLatent + GetParam(), "here.toml", family_schema, {});
  torch::Tensor images_ = torch::randint(0, 256, {100, 1, 8, 8}, seeded(8), torch::kUInt8);
  LatentDiffusion latent_{
      {.definition = definition_, .example_shape = kImage, .training_images = images_}};
  Diffusion alone_{{.definition = definition_, .example_shape = {3, 2, 2}}};
};

TEST_P(LatentDiffusionTest, LatentsOfTheTrainingImagesHaveUnitVariance) {
  const auto z = scaled(to_model_range(images_)).to(torch::kDouble);
  EXPECT_NEAR(z.std(/*unbiased=*/false).item<double>(), 1.0, 1e-6);
}

TEST_P(LatentDiffusionTest, AStepIsTheModelsOnScaledLatents) {
  const auto expected = logged_by_step(alone_, {scaled(batch().images), {}});
  const auto frozen = copy_of_state(latent_.first_stage());
  EXPECT_EQ(logged_by_step(latent_, batch()), expected);
  for (const auto& [name, value] : state_of(alone_)) {
    EXPECT_TRUE(torch::equal(value, state_of(latent_).at(name))) << name;
  }
  for (const auto& [name, value] : state_of(latent_.first_stage())) {
    EXPECT_TRUE(torch::equal(value, frozen.at(name))) << name << " moved";
  }
}

// Weights move at each: what a step left behind is the next one's.
TEST_P(LatentDiffusionTest, TenStepsAreTheModelsOnScaledLatents) {
  for (std::int64_t step = 0; step < 10; ++step) {
    const auto images = to_model_range(images_.slice(0, 9 * step, 9 * step + 9));
    const auto expected = logged_by_step(alone_, {scaled(images), {}}, step);
    EXPECT_EQ(logged_by_step(latent_, {images, {}}, step), expected) << step;
  }
}

TEST_P(LatentDiffusionTest, RowsThatWereEncodedOnceGiveTheSameStep) {
  const auto rows = torch::arange(90, 74, -1);
  Batch by_row{to_model_range(images_.index_select(0, rows)), {}};
  by_row.rows = rows;
  const auto expected = logged_by_step(alone_, {scaled(by_row.images), {}});
  EXPECT_NEAR(logged_by_step(latent_, by_row).at("loss"), expected.at("loss"), 1e-5);
}

TEST_P(LatentDiffusionTest, SamplesAreDecodedOfUnscaledLatentsThatNobodyClamped) {
  const auto z = samples_of(alone_, 12);
  EXPECT_GT(z.abs().max().item<double>(), 1.0);
  const auto decoded = maps().from_latents(z / state_of(latent_).at("first_stage.latent_scale"));
  EXPECT_TRUE(torch::equal(samples_of(latent_, 12), decoded));
}

TEST_P(LatentDiffusionTest, StripsBeginAtTheReconstruction) {
  const auto x = batch().images;
  const auto strips = latent_.noised_strips(x, 4, seeded(1));
  ASSERT_EQ(strips.sizes(), (std::vector<std::int64_t>{16, 4, 1, 8, 8}));
  const auto reconstructed = maps().from_latents(maps().to_latents(x));
  EXPECT_LT((strips.select(1, 0) - reconstructed).abs().max().item<double>(), 1e-5);
}

TEST_P(LatentDiffusionTest, ItsStateHoldsTheScaleAndTheFirstStage) {
  const auto state = state_of(latent_);
  EXPECT_TRUE(state.contains("first_stage.latent_scale"));
  const auto of_stage = [](const auto& entry) { return entry.first.starts_with("first_stage."); };
  EXPECT_GT(std::count_if(state.begin(), state.end(), of_stage), 4);
}

// A condition that is dropped, always or never, or told wrongly, gives another loss or sample.
TEST_P(LatentDiffusionTest, ToldTheClassesItIsTheModelThatIsToldThem) {
  constexpr std::int64_t kClasses = 4;
  const std::string told = kLatent + "model.conditional = true\nobjective.p_uncond = 0.3\n" +
                           "sampler.guidance_scale = 2.0\n";
  const auto definition = resolve_text(told + GetParam(), "here.toml", family_schema, {});
  LatentDiffusion latent({.definition = definition,
                          .example_shape = kImage,
                          .classes = kClasses,
                          .training_images = images_});
  Diffusion alone({.definition = definition, .example_shape = {3, 2, 2}, .classes = kClasses});
  latent.first_stage_restored();
  {
    torch::NoGradGuard no_grad;
    for (auto& [name, value] : state_of(latent)) {
      // Initial weights that are zero would show nothing.
      if (name.starts_with("network.") && name.ends_with("weight"))
        value.normal_(0.0, 0.2, seeded(2));
    }
    const auto state = state_of(latent);
    for (auto& [name, value] : state_of(alone)) value.copy_(state.at(name));
  }
  auto& stage = dynamic_cast<LatentMaps&>(latent.first_stage());
  const auto scale = state_of(latent).at("first_stage.latent_scale").clone();
  const auto images = to_model_range(images_.slice(0, 0, 16)), z = stage.to_latents(images) * scale;
  const auto labels = torch::arange(16).remainder(kClasses);
  const auto loss_of = [](Trainable& model, const torch::Tensor& of, const torch::Tensor& classes) {
    const auto kept = copy_of_state(model);
    const double loss = logged_by_step(model, {of, classes}).at("loss");
    const torch::NoGradGuard no_grad;
    for (auto& [name, value] : state_of(model)) value.copy_(kept.at(name));
    return loss;
  };
  EXPECT_EQ(loss_of(latent, images, labels), loss_of(alone, z, labels));
  EXPECT_NE(loss_of(latent, images, labels), loss_of(latent, images, (labels + 1) % kClasses));
  const auto decoded = stage.from_latents(samples_of(alone, 8) / scale);
  EXPECT_TRUE(torch::equal(samples_of(latent, 8), decoded));
  EXPECT_TRUE(torch::equal(latent.sample_labels(8).value(), alone.sample_labels(8).value()));
}

INSTANTIATE_TEST_SUITE_P(FirstStages, LatentDiffusionTest, testing::Values(kVq, kKlMaps),
                         [](const auto& test) { return test.param == kVq ? "Vq" : "KlMaps"; });

TEST(LatentDiffusionDefinition, WhatCannotStandOnLatentsIsRefused) {
  const auto with = [](const std::string& more) { small_model(kLatent + kVq + more, kImage); };
  EXPECT_THAT([&] { with("sampler.clip_x0 = true\n"); },
              ThrowsMessage<Error>(HasSubstr("clamps latents")));
  EXPECT_THAT([&] { with("sampler.dynamic_threshold = 0.9\n"); },
              ThrowsMessage<Error>(HasSubstr("scales latents")));
  EXPECT_THAT([&] { with("model.classifier = true\n"); },
              ThrowsMessage<Error>(HasSubstr("noisy pixels")));
  auto wrong_sd = kLatent + kVq;
  wrong_sd.replace(wrong_sd.find("data_sd = 1.0"), 13, "data_sd = 0.5");
  EXPECT_THAT([&] { small_model(wrong_sd, kImage); },
              ThrowsMessage<Error>(HasSubstr("not that of latents")));
  EXPECT_THAT(
      [&] {
        small_model(kLatent + kKlMaps + "first_stage.objective.second_stage_share = 0.5\n", kImage);
      },
      ThrowsMessage<Error>(HasSubstr("a second stage of its own")));
  auto vector_codes = kLatent + kVq;
  vector_codes.replace(vector_codes.find("\"vq_vae\""), 8, "\"vae\"");
  vector_codes.erase(vector_codes.find("first_stage.model.channels"));
  EXPECT_THAT([&] { small_model(vector_codes, kImage); },
              ThrowsMessage<Error>(HasSubstr("makes no latent maps")));
}

}  // namespace
}  // namespace assay
