// SPDX-License-Identifier: Apache-2.0
// What a definition is said to be capable of, its models do, and nothing else.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include <map>

#include "core/error.h"
#include "families/latent_maps.h"
#include "families/told_samples.h"
#include "harness/seed_batch.h"
#include "tests/contract/every_choice.h"

namespace assay {
namespace {

class CapabilitiesOf : public ::testing::TestWithParam<SmallFamily> {
 protected:
  void SetUp() override {
    at::set_num_threads(1);
    try {
      model_ = build(GetParam());
    } catch (const Error& refused) {
      GTEST_SKIP() << "needs more than this key: " << refused.what();
    }
    can_ = capabilities_of(definition_of(GetParam()));
  }
  std::unique_ptr<Trainable> model_;
  Capabilities can_;
};

TEST_P(CapabilitiesOf, EachMethodAnswersIfAndOnlyIfTheySaySo) {
  const Batch batch = eight_examples(GetParam());
  EXPECT_EQ(model_->classify(batch.images).has_value(), can_.classifies);
  auto* model = dynamic_cast<GenerativeModel*>(model_.get());
  ASSERT_EQ(model != nullptr, can_.generates);
  if (model == nullptr) return;
  const auto labels = model->sample_labels(kImages);
  EXPECT_EQ(labels.has_value(), can_.conditional);
  const auto* told = dynamic_cast<TokenModel*>(model_.get());
  EXPECT_EQ(told != nullptr && told->token_sizes() == kFactorSizes, can_.attributes);
  const auto latents = model->draw_latents(kImages, labels.value_or(torch::Tensor()), seeded(1));
  EXPECT_EQ(latents.has_value(), can_.latents);
  const auto codes = model->encode(batch);
  ASSERT_EQ(codes.has_value(), can_.encodes());
  EXPECT_EQ(model->reconstruct(batch).has_value(), can_.encodes());
  for (const auto& z : {latents, codes ? std::optional(codes->mu) : std::nullopt}) {
    if (z) {
      EXPECT_EQ(model->decode(*z, batch.labels).has_value(), can_.decodes);
    }
  }
  EXPECT_EQ(model->jacobian_norms(batch).has_value(), can_.differentiable);
  EXPECT_EQ(model->elbo(batch, seeded(1)).has_value(), !can_.likelihood.empty());
  EXPECT_EQ(model->log_weights(batch, 2, seeded(1)).has_value(), can_.weighs);
  EXPECT_EQ(model->denoising_losses(batch, seeded(1)).has_value(), can_.denoises);
  EXPECT_EQ(model->log_density(batch, 0.1, seeded(1)).has_value(), can_.flows);
  EXPECT_EQ(model->path_energies(2, seeded(1)).has_value(), can_.paths);
  EXPECT_EQ(dynamic_cast<LatentMaps*>(model) != nullptr, can_.latent_maps);
  if (!codes) return;
  EXPECT_EQ(codes->logvar.defined(), can_.encoding == Encoding::kGaussians);
  EXPECT_EQ(codes->mu.size(1), can_.code_size.value_or(codes->mu.size(1)));
}

struct Weights : StateVisitor {
  void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
    EXPECT_TRUE(values.emplace(name, value).second) << "visited twice: " << name;
  }
  std::map<std::string, torch::Tensor> values;
};

Weights weights_of(LatentMaps& maps) {
  Weights weights;
  maps.visit_weights(weights, "first_stage");
  return weights;
}

TEST_P(CapabilitiesOf, FirstStagesMakeMapsOfImagesAndImagesOfMaps) {
  if (!can_.latent_maps) GTEST_SKIP() << "no first stage";
  const Batch batch = eight_examples(GetParam());
  const auto& images = batch.images;
  auto* maps = dynamic_cast<LatentMaps*>(model_.get());
  for (const std::int64_t step : {0, 1}) {
    model_->training_step(batch, {.step = step, .total_steps = 2, .noise = seeded(3)});
  }
  auto shape = maps->latent_shape();
  ASSERT_EQ(shape.size(), 3U);
  shape.insert(shape.begin(), kImages);
  const auto latents = maps->to_latents(images);
  EXPECT_EQ(latents.sizes(), shape);
  EXPECT_FALSE(latents.requires_grad());
  const auto again = maps->from_latents(latents);
  EXPECT_FALSE(again.requires_grad());
  auto* generative = dynamic_cast<GenerativeModel*>(model_.get());
  EXPECT_TRUE(torch::equal(latents.flatten(1), generative->encode(batch)->mu));
  EXPECT_TRUE(torch::allclose(again, *generative->reconstruct(batch), 1e-5, 1e-6));

  // Another model that gets the weights alone is the same first stage.
  const auto other = build(GetParam());
  auto* twin = dynamic_cast<LatentMaps*>(other.get());
  EXPECT_FALSE(torch::equal(twin->to_latents(images), latents));
  const auto given = weights_of(*maps), taken = weights_of(*twin);
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : taken.values) {
    EXPECT_TRUE(name.starts_with("first_stage.")) << name;
    torch::Tensor(value).copy_(given.values.at(name));
  }
  EXPECT_TRUE(torch::equal(twin->to_latents(images), latents));
  EXPECT_TRUE(torch::equal(twin->from_latents(latents), again));
}

// Of two seeds as one model the first and the last of four steps, which may be a second stage's.
std::string trouble_together(const SmallFamily& setting, Trainable& one) {
  const auto other = build(setting);
  const Batch batch = eight_examples(setting);
  try {
    SeedBatch together(build(setting), {&one, other.get()});
    for (const std::int64_t step : {0, 3}) {
      together.training_step(
          {{batch, seeded(1)}, {batch, seeded(2)}},
          {.step = step, .total_steps = 4, .images_seen = kImages * step, .noise = seeded(3)});
    }
  } catch (const Error& refused) {
    return refused.what();
  }
  return "";
}

TEST_P(CapabilitiesOf, SeedsTrainAsOneModelIfAndOnlyIfTheySaySo) {
  const auto trouble = trouble_together(GetParam(), *model_);
  EXPECT_EQ(trouble.empty(), can_.trains_alone.empty()) << trouble << can_.trains_alone;
}

std::vector<SmallFamily> settings() {
  std::vector<SmallFamily> all = every_choice();
  const auto add = [&all](const std::string& base, const std::string& what,
                          const std::string& toml) {
    all.push_back(small_family(base));
    all.back().label = base + what;
    all.back().toml += toml;
  };
  add("Dcgan", "Dragan", "objective.dragan = 1\n");
  add("Dcgan", "Unrolled", "objective.unrolled_steps = 1\n");
  add("Dcgan", "DiffAugment", "objective.augmentation = 'diff_augment'\n");
  add("GanBegan", "Dragan", "objective.dragan = 1\n");
  add("GanBegan", "Unrolled", "objective.unrolled_steps = 1\n");
  return all;
}

INSTANTIATE_TEST_SUITE_P(Everyone, CapabilitiesOf, ::testing::ValuesIn(settings()),
                         [](const auto& test) { return test.param.label; });

}  // namespace
}  // namespace assay
