// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <map>

#include "core/error.h"
#include "families/registry.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

const std::string kSmall = R"(family = "vae"
model.network = "mlp"
model.hidden_widths = [16]
model.latent_dim = 3
)";

std::unique_ptr<Trainable> vae(const std::string& more, std::int64_t classes = 0,
                               const std::string& network = "mlp") {
  const auto definition = resolve_text(kSmall + more, "here.toml", family_schema,
                                       {.overrides = {{"model.network", network}}});
  torch::manual_seed(1);
  return family("vae").make({.definition = definition,
                             .example_shape = {1, 4, 4},
                             .classes = classes,
                             .training_images = torch::zeros({100, 1, 4, 4}, torch::kUInt8)});
}

std::string refusal(const std::string& more, const std::string& network = "mlp") {
  try {
    vae(more, 0, network);
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

Batch batch_of(std::int64_t count) {
  const auto levels = torch::randint(0, 256, {count, 1, 4, 4}, seeded(4), torch::kFloat);
  return {levels / 127.5 - 1.0, torch::arange(count, torch::kLong).remainder(2)};
}

std::map<std::string, double> step(Trainable& model, std::int64_t index = 0,
                                   std::int64_t total = 10) {
  auto noise = seeded(7);
  std::map<std::string, double> values;
  for (const auto& term : model.training_step(
           batch_of(8), {.step = index, .total_steps = total, .epoch = 0.5, .noise = noise})) {
    values[term.name] = term.value.item<double>();
  }
  return values;
}

TEST(Vae, AddsTheWeightedKl) {
  const auto model = vae("objective.beta = 3\n");
  const auto values = step(*model);
  EXPECT_NEAR(values.at("loss"), values.at("reconstruction_nats") + 3.0 * values.at("kl_nats"),
              1e-4);
}

TEST(Vae, SplitsTheKlIntoThreeWeightedParts) {
  const auto model = vae(R"(objective.kl_parts = "stratified"
objective.beta = 2
objective.mutual_information_weight = 0.5
objective.total_correlation_weight = 6
objective.dimension_wise_kl_weight = 3
)");
  const auto v = step(*model);
  EXPECT_NEAR(v.at("loss"),
              v.at("reconstruction_nats") + 2.0 * (0.5 * v.at("mutual_information_nats") +
                                                   6.0 * v.at("total_correlation_nats") +
                                                   3.0 * v.at("dimension_wise_kl_nats")),
              1e-4);
}

TEST(Vae, PullsTheKlToItsCapacity) {
  const auto model = vae(R"(objective.capacity = 8
objective.capacity_gamma = 10
objective.capacity_steps = 4
)");
  const auto v = step(*model, 1);  // a quarter of the way: 2 nats
  EXPECT_NEAR(v.at("loss"), v.at("reconstruction_nats") + 10.0 * std::abs(v.at("kl_nats") - 2.0),
              1e-3);
}

TEST(Vae, AddsThePenaltiesThatAreAskedFor) {
  const auto model = vae(R"(objective.factor_gamma = 2
model.discriminator_widths = [8]
objective.dip = "ii"
objective.dip_off_diagonal = 3
objective.dip_diagonal = 5
objective.mmd_weight = 7
)");
  const auto v = step(*model);
  EXPECT_NEAR(v.at("loss"),
              v.at("reconstruction_nats") + v.at("kl_nats") +
                  2.0 * v.at("factor_total_correlation_nats") +
                  3.0 * v.at("covariance_off_diagonal") + 5.0 * v.at("covariance_diagonal") +
                  7.0 * v.at("mmd"),
              1e-3);
}

TEST(Vae, ImportanceWeightingTightensTheBoundOfTheSameDraws) {
  // log mean w ≥ mean log w: with the same noise the IWAE loss is below that of the ELBO.
  const auto mean = vae("objective.samples = 16\n");
  const auto weighted = vae("objective.samples = 16\nobjective.bound = \"iwae\"\n");
  EXPECT_LT(step(*weighted).at("loss"), step(*mean).at("loss"));
}

TEST(Vae, OneImportanceSampleIsTheElboUpToTheKlsEstimate) {
  const auto model = vae("objective.bound = \"iwae\"\n");
  const auto v = step(*model);
  // The KL of an untrained encoder is small, and so is its one-sample estimate's error.
  EXPECT_NEAR(v.at("loss"), v.at("reconstruction_nats") + v.at("kl_nats"), 1.0);
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
  struct Recorder : StateVisitor {
    void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
      values[name] = value.detach().clone();
    }
    std::map<std::string, torch::Tensor> values;
  };
  const auto state = [&] {
    Recorder recorder;
    model->visit_state(recorder);
    return recorder.values;
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
