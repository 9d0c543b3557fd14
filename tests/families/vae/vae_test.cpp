// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include "core/error.h"
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
