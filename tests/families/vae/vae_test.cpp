// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <numbers>

#include "core/error.h"
#include "families/sampling.h"
#include "tests/families/vae/small_vae.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

std::string refusal(const std::string& more, const std::string& network = "mlp") {
  try {
    vae(more, 0, network);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Vae, PointPosteriorHasNoBoundAndNoVariance) {
  const auto model = vae(R"(model.posterior = "point"
objective.beta = 0
objective.mmd_weight = 10
)");
  auto& generative = dynamic_cast<GenerativeModel&>(*model);
  EXPECT_FALSE(generative.elbo(batch_of(4), seeded(1)).has_value());
  EXPECT_FALSE(generative.log_weights(batch_of(4), 2, seeded(1)).has_value());
  EXPECT_FALSE(generative.encode(batch_of(4))->logvar.defined());
  const auto v = step(*model);
  EXPECT_NEAR(v.at("loss"), v.at("reconstruction_nats") + 10.0 * v.at("mmd"), 1e-4);
  EXPECT_FALSE(v.contains("kl_nats"));
}

TEST(Vae, ConditionalSamplesGoThroughTheClassesAndDependOnThem) {
  const auto model = vae("model.conditional = true\n", 2);
  auto& generative = dynamic_cast<GenerativeModel&>(*model);
  EXPECT_TRUE(torch::equal(*generative.sample_labels(5), torch::tensor({0, 1, 0, 1, 0})));
  const auto z = torch::zeros({1, 3});
  EXPECT_FALSE(torch::allclose(*generative.decode(z, torch::tensor({0})),
                               *generative.decode(z, torch::tensor({1}))));
}

TEST(Vae, TrainsItsSecondStageOnAFrozenFirst) {
  const auto model = vae("objective.second_stage_share = 0.5\nmodel.second_stage_widths = [8]\n");
  const auto state = [&] {
    auto tensors = state_of(*model);
    for (auto& [name, value] : tensors) value = value.detach().clone();
    return tensors;
  };
  const auto before = state();
  EXPECT_TRUE(step(*model, 4, 10).contains("kl_nats"));
  const auto between = state();
  EXPECT_TRUE(step(*model, 5, 10).contains("second_stage_kl_nats"));
  const auto after = state();
  const std::string first = "network.encoder.1.weight", second = "second_stage.mean.weight";
  EXPECT_FALSE(torch::equal(before.at(first), between.at(first)));
  EXPECT_TRUE(torch::equal(between.at(first), after.at(first)));
  EXPECT_TRUE(torch::equal(before.at(second), between.at(second)));
  EXPECT_FALSE(torch::equal(between.at(second), after.at(second)));
}

TEST(Vae, TheAverageFollowsTheNetwork) {
  const auto model = vae("ema.decay = 0.75\nema.ramp = false\n");
  const auto before = copy_of_state(*model).at("network.encoder.1.weight");
  step(*model);
  const auto after = copy_of_state(*model);
  EXPECT_FALSE(torch::equal(after.at("network.encoder.1.weight"), before));
  EXPECT_TRUE(torch::allclose(after.at("ema.encoder.1.weight"),
                              0.75 * before + 0.25 * after.at("network.encoder.1.weight")));
}

TEST(Vae, SamplesItsSecondStageFromTheAverage) {
  const auto model =
      vae("objective.second_stage_share = 0.5\nmodel.second_stage_widths = [8]\nema.decay = 0.9\n");
  step(*model, 5, 10);
  const torch::NoGradGuard no_grad;
  for (const std::string owner : {"second_stage_ema", "second_stage"}) {
    const auto before = samples_of(*model, 4);
    state_of(*model).at(owner + ".mean.bias").add_(3.0);
    EXPECT_NE(torch::equal(samples_of(*model, 4), before), owner == "second_stage_ema") << owner;
  }
}

// f(u) made the class's own place: what is learned and what is drawn are functions of the labels.
TEST(Vae, SecondStageOfAConditionalOneSeesTheClass) {
  const auto model =
      vae("model.conditional = true\nobjective.second_stage_share = 0.5\n"
          "model.second_stage_widths = [8]\noptimizer.learning_rate = 0\n",
          2);
  auto& generative = dynamic_cast<GenerativeModel&>(*model);
  const auto places = torch::tensor({{3.0, -1.0, 0.5}, {-2.0, 4.0, 1.0}});
  const auto state = state_of(*model);
  {
    const torch::NoGradGuard no_grad;
    state.at("second_stage.mean.bias").zero_();
    state.at("second_stage.mean.weight").zero_();
    state.at("second_stage.mean.weight").slice(1, 3, 5).copy_(places.t());
  }
  const auto batch = batch_of(8);
  const auto codes = *generative.encode(batch);
  const auto z = codes.mu + (0.5 * codes.logvar).exp() * torch::randn({8, 3}, seeded(7));
  const auto squares = (z - places.index_select(0, batch.labels)).square().sum(1);
  const double nats =
      (0.5 * squares).mean().item<double>() + 1.5 * std::log(2.0 * std::numbers::pi);
  EXPECT_NEAR(step(*model, 5, 10).at("second_stage_reconstruction_nats"), nats, 1e-4);
  {
    const torch::NoGradGuard no_grad;
    state.at("second_stage.log_gamma").fill_(-50.0);
  }
  const auto labels = torch::tensor({1, 1, 0, 1}, torch::kLong);
  EXPECT_TRUE(torch::allclose(*generative.draw_latents(4, labels, seeded(1)),
                              places.index_select(0, labels)));
  const auto samples = samples_as_one(generative, {.count = 4, .generator = seeded(1)});
  const auto in_turn = *generative.sample_labels(4);
  EXPECT_TRUE(torch::allclose(samples, *generative.decode(places.index_select(0, in_turn), in_turn),
                              1e-4, 1e-5));
}

TEST(Vae, RefusesSwitchesThatExcludeEachOther) {
  EXPECT_THAT(refusal("objective.free_bits = 0.5\nobjective.capacity = 5\n"),
              HasSubstr("keep one of them"));
  EXPECT_THAT(refusal("model.posterior = \"point\"\n"), HasSubstr("set objective.beta = 0"));
  EXPECT_THAT(refusal("model.posterior = \"point\"\nobjective.beta = 0\nobjective.samples = 2\n"),
              HasSubstr("is no distribution"));
  EXPECT_THAT(refusal("model.prior = \"vamp\"\nobjective.free_bits = 1\n"),
              HasSubstr("does not factorise"));
  EXPECT_THAT(refusal("model.prior = \"vamp\"\nobjective.mmd_weight = 1\n"), HasSubstr("N(0, I)"));
  EXPECT_THAT(refusal("model.prior = \"vamp\"\n", "infogan"), HasSubstr("batch normalisation"));
  EXPECT_THAT(refusal("objective.capacity = 5\nobjective.beta = 2\n"), HasSubstr("capacity_gamma"));
  EXPECT_THAT(refusal("objective.kl_schedule = \"cyclical\"\nobjective.kl_warm_up_epochs = 1\n"),
              HasSubstr("kl_warm_up_epochs = 0"));
  // Ten steps of ten images: a cycle of one step or less asks for the weight at its start alone.
  const std::string cycles =
      "objective.kl_schedule = \"cyclical\"\ntrain.images = 100\ntrain.batch_size = 10\n";
  EXPECT_THAT(
      refusal(cycles + "objective.kl_cycles = 20\n"),
      HasSubstr("objective.kl_cycles = 20 cycles in 10 training steps (train.images = 100 in "
                "batches of 10)"));
  EXPECT_THAT(refusal(cycles + "objective.kl_cycles = 6\n"),
              HasSubstr("set objective.kl_cycles to 5 or less"));
  EXPECT_EQ(refusal(cycles + "objective.kl_cycles = 5\n"), "");
  EXPECT_THAT(refusal("objective.kl_parts = \"weighted\"\ntrain.batch_size = 200\n"),
              HasSubstr("at most the training images"));
  EXPECT_THAT(refusal("objective.dip = \"i\"\ntrain.batch_size = 1\n"), HasSubstr("2 or more"));
  EXPECT_THAT(refusal("model.conditional = true\n"), HasSubstr("needs labels"));
  EXPECT_THAT(
      refusal("objective.likelihood = \"discretised_logistic\"\nobjective.scale = \"optimal\"\n"),
      HasSubstr("objective.scale = \"learned\""));
}

}  // namespace
}  // namespace assay
