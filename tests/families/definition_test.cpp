// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>

#include "core/error.h"
#include "families/optimizer.h"
#include "families/registry.h"

namespace assay {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;

Definition defined(const std::string& toml) {
  return resolve_text(toml, "here.toml", family_schema, {});
}

std::string refusal(const std::string& toml, std::vector<std::int64_t> shape,
                    std::int64_t classes = 0) {
  try {
    const auto definition = defined(toml);
    family(definition.family)
        .make({.definition = definition, .example_shape = std::move(shape), .classes = classes});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

std::int64_t parameters_of(const std::string& toml) {
  struct Counter : StateVisitor {
    void tensor(const std::string&, torch::Tensor& value, StateKind kind) override {
      if (kind == StateKind::kParameter) count += value.numel();
    }
    std::int64_t count = 0;
  } counter;
  const auto definition = defined(toml);
  family(definition.family)
      .make({.definition = definition, .example_shape = {1, 28, 28}, .classes = 10})
      ->visit_state(counter);
  return counter.count;
}

TEST(OptimizerOptions, ReadTheDefinition) {
  const auto definition = defined(R"(family = "vae"
[optimizer]
name = "adamw"
learning_rate = 2e-3
beta2 = 0.99
weight_decay = 1e-4
warm_up_steps = 100
schedule = "linear"
decay_from = 0.5
final_fraction = 0.05
gradient_clip = 200
[ema]
decay = 0.995
)");
  const auto options = optimizer_options(definition);
  EXPECT_EQ(options.rule, update_rules().at("adamw"));
  EXPECT_DOUBLE_EQ(options.adam.beta1, 0.9);
  EXPECT_DOUBLE_EQ(options.adam.beta2, 0.99);
  EXPECT_DOUBLE_EQ(options.adam.weight_decay, 1e-4);
  EXPECT_EQ(options.learning_rate.schedule, LearningRateSchedule::kLinear);
  EXPECT_DOUBLE_EQ(options.learning_rate.peak, 2e-3);
  EXPECT_EQ(options.learning_rate.warm_up_steps, 100);
  EXPECT_DOUBLE_EQ(options.learning_rate.decay_from, 0.5);
  EXPECT_DOUBLE_EQ(options.learning_rate.final_fraction, 0.05);
  EXPECT_DOUBLE_EQ(options.gradient_clip, 200.0);
  EXPECT_DOUBLE_EQ(ema_options(definition).decay, 0.995);
  EXPECT_TRUE(ema_options(definition).ramp);
  const auto by_images =
      ema_options(defined("family = \"vae\"\ntrain.batch_size = 512\n"
                          "ema.half_life_images = 500000\n"
                          "ema.ramp_ratio = 0.05\n"));
  EXPECT_TRUE(by_images.averages());
  EXPECT_EQ(by_images.half_life_images, 500'000);
  EXPECT_DOUBLE_EQ(by_images.ramp_ratio, 0.05);
  EXPECT_EQ(by_images.images_per_step, 512);
  EXPECT_FALSE(ema_options(defined("family = \"vae\"\n")).averages());
}

TEST(ScoredWeights, AreAveragesWhereADefinitionKeepsThem) {
  EXPECT_EQ(scored_weights(defined("family = \"vae\"\n")), "raw");
  EXPECT_EQ(scored_weights(defined("family = \"vae\"\nema.decay = 0.9\n")), "ema");
  const std::string by_images = "family = \"vae\"\nema.half_life_images = 100\n";
  EXPECT_EQ(scored_weights(defined(by_images)), "ema");
  EXPECT_EQ(scored_weights(defined(by_images + "eval.weights = 'raw'\n")), "raw");
}

TEST(Classifier, RefusesAverages) {
  const auto refused = HasSubstr("the classifier keeps no averaged weights");
  const std::string classifier = "family = \"classifier\"\n";
  EXPECT_THAT(refusal(classifier + "ema.decay = 0.9\n", {1, 28, 28}, 10), refused);
  EXPECT_THAT(refusal(classifier + "ema.half_life_images = 100\n", {1, 28, 28}, 10), refused);
}

TEST(Recipes, HaveTheSizesOfTheRecipesPage) {
  // 1.29M, 0.53M + 0.17M, 0.46M and 131,274; the first three summed by hand from their layers.
  EXPECT_EQ(parameters_of("family = \"vae\"\n"), 1294277);
  EXPECT_EQ(parameters_of("family = \"gan\"\n"), 533889 + 165921);
  EXPECT_EQ(parameters_of(R"(family = "ddpm"
[model]
layout = "compact"
multipliers = [1, 2]
space_to_depth = 2
)"),
            463204);
  EXPECT_EQ(parameters_of("family = \"classifier\"\n"), 131274);
}

TEST(FamilyRegistry, NamesTheNearMissOfAnUnknownFamily) {
  EXPECT_THROW(family("ddmp"), Error);
  try {
    family("ddmp");
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("did you mean 'ddpm'"));
  }
}

TEST(Families, RefuseBatchNormalisationOfSingleValues) {
  const std::string one = "train.batch_size = 1\n";
  const auto refused = HasSubstr("train.batch_size = 1 leaves the batch normalisation");
  EXPECT_THAT(refusal("family = \"gan\"\nmodel.network = \"mlp\"\n" + one, {2}), refused);
  EXPECT_THAT(refusal("family = \"vae\"\nmodel.network = \"infogan\"\n" + one, {1, 8, 8}), refused);
  EXPECT_THAT(refusal("family = \"autoencoder\"\nmodel.network = \"infogan\"\n" + one, {1, 8, 8}),
              refused);
  // Two doublings make a side of 4 from 1: either network has a map of one value.
  EXPECT_THAT(refusal("family = \"gan\"\nmodel.discriminator_channels = [8]\n" + one, {1, 4, 4}),
              refused);
  EXPECT_THAT(refusal("family = \"gan\"\nmodel.generator_channels = [8]\n"
                      "model.discriminator_channels = [8, 8]\n" +
                          one,
                      {1, 4, 4}),
              refused);
  // All else trains on one example.
  const auto image = torch::rand({1, 1, 28, 28});
  for (const auto* toml :
       {"family = \"gan\"\n", "family = \"vae\"\n",
        "family = \"gan\"\nmodel.network = \"mlp\"\nmodel.generator_widths = []\n"}) {
    const auto definition = defined(toml + one);
    const auto model =
        family(definition.family).make({.definition = definition, .example_shape = {1, 28, 28}});
    const auto terms =
        model->training_step({image, {}}, {0, 1, 0, 0.0, at::detail::createCPUGenerator(1)});
    EXPECT_TRUE(std::isfinite(terms.front().value.item<double>())) << toml;
  }
}

TEST(Families, RefuseListsOfAnyLength) {
  const auto list = [](std::size_t length) {
    std::string text = "[8";
    for (std::size_t i = 1; i < length; ++i) text += ", 8";
    return text + "]\n";
  };
  // 64 and 65 shifts of a 64-bit number are where the arithmetic, not the network, ended.
  for (const std::size_t length : {4, 31, 32, 62, 63, 64, 65, 200}) {
    EXPECT_THAT(
        refusal("family = \"gan\"\nmodel.generator_channels = " + list(length), {1, 28, 28}),
        HasSubstr("entries of model.generator_channels need square images"))
        << length;
    EXPECT_THAT(refusal("family = \"vae\"\nmodel.channels = " + list(length), {1, 28, 28}),
                HasSubstr("entries of model.channels need square images"))
        << length;
    EXPECT_THAT(refusal("family = \"ddpm\"\nmodel.multipliers = " + list(length), {1, 28, 28}),
                HasSubstr("levels after space_to_depth 1 need an image side"))
        << length;
    if (length < 5) continue;
    EXPECT_THAT(
        refusal("family = \"gan\"\nmodel.discriminator_channels = " + list(length), {1, 28, 28}),
        HasSubstr("halve a side of 28 to nothing"))
        << length;
  }
}

TEST(Families, DescribeHowTheySample) {
  const auto described = [](const std::string& toml) {
    return sampling_protocol(defined(toml), 5000);
  };
  EXPECT_EQ(described("family = \"gan\"\n"), (Protocol{{"network_evaluations", "1"}}));
  EXPECT_EQ(described("family = \"ddpm\"\nsampler.steps = 20\n"),
            (Protocol{{"network_evaluations", "20"},
                      {"sampler.name", "ddim"},
                      {"sampler.steps", "20"},
                      {"sampler.eta", "0.0"},
                      {"sampler.clip_x0", "true"}}));
  EXPECT_EQ(described("family = \"ddpm\"\nsampler.steps = 0\nsampler.name = \"ancestral\"\n"),
            (Protocol{{"network_evaluations", "1000"},
                      {"sampler.name", "ancestral"},
                      {"sampler.steps", "1000"},
                      {"sampler.variance", "large"},
                      {"sampler.clip_x0", "true"}}));
  EXPECT_EQ(described("family = \"ddpm\"\nsampler.steps = 18\nsampler.name = \"heun\"\n"
                      "sampler.spacing = \"trailing\"\n"),
            (Protocol{{"network_evaluations", "35"},  // Karras et al. 2022: 2S − 1
                      {"sampler.name", "heun"},
                      {"sampler.steps", "18"},
                      {"sampler.spacing", "trailing"},
                      {"sampler.clip_x0", "true"}}));
  EXPECT_EQ(described("family = \"autoencoder\"\n"), (Protocol{{"network_evaluations", "1"},
                                                               {"sampler.codes", "gaussian"},
                                                               {"sampler.fit_images", "5000"}}));
  const auto alike = [&](const std::string& family, const std::string& a, const std::string& b) {
    const auto line = "family = \"" + family + "\"\n";
    EXPECT_EQ(described(line + a), described(line + b)) << a << b;
  };
  // What draws alike is described alike.
  alike("ddpm", "sampler.variance = \"small\"\n", "");
  alike("ddpm", "sampler.steps = 0\n", "sampler.steps = 1000\n");
  alike("ddpm", "sampler.spacing = \"linspace\"\n", "");
  alike("ddpm", "sampler.steps = 0\nsampler.spacing = \"leading\"\n", "sampler.steps = 0\n");
  alike("ddpm", "sampler.steps = 1\nsampler.eta = 1\n", "sampler.steps = 1\n");
  alike("ddpm", "sampler.name = \"ancestral\"\nsampler.eta = 1\n",
        "sampler.name = \"ancestral\"\n");
  alike("autoencoder", "sampler.components = 3\n", "sampler.fit_seed = 2\n");
  alike("vq_vae", "sampler.fit_images = 0\n", "sampler.fit_images = 5000\n");
}

TEST(Families, RefuseWhatTheyCannotBuild) {
  EXPECT_THAT(refusal("family = \"diffusion\"\nmodel.network = \"mlp\"\nmodel.hidden_widths = "
                      "[]\nobjective.process = \"edm\"\nobjective.prediction = \"F\"\n",
                      {2}),
              HasSubstr("model.hidden_widths is empty"));
  EXPECT_THAT(refusal("family = \"vae\"\n", {2}), HasSubstr("the VAE needs images"));
  EXPECT_THAT(refusal("family = \"vae\"\n", {1, 30, 30}), HasSubstr("that 4 divides, not 30x30"));
  EXPECT_THAT(refusal("family = \"gan\"\n", {2}), HasSubstr("take \"mlp\" for points"));
  EXPECT_THAT(refusal("family = \"ddpm\"\n", {2}), HasSubstr("ddpm needs square images"));
  EXPECT_THAT(refusal("family = \"ddpm\"\nobjective.timesteps = 10\n", {1, 28, 28}),
              HasSubstr("objective.schedule = \"cosine\""));
  EXPECT_THAT(refusal("family = \"ddpm\"\nobjective.timesteps = 40\n", {1, 28, 28}),
              HasSubstr("sampler.steps = 50 exceeds objective.timesteps = 40"));
  EXPECT_THAT(refusal("family = \"ddpm\"\nobjective.timesteps = 1\nsampler.steps = 1\n"
                      "objective.schedule = \"cosine\"\nobjective.weighting = \"vlb\"\n",
                      {1, 28, 28}),
              HasSubstr("\"vlb\" needs objective.timesteps of 2 or more"));
  EXPECT_THAT(refusal("family = \"ddpm\"\nobjective.zero_terminal_snr = true\n", {1, 28, 28}),
              HasSubstr("objective.prediction = \"epsilon\" does not say what the image is"));
  EXPECT_THAT(refusal("family = \"ddpm\"\nobjective.zero_terminal_snr = true\n"
                      "objective.prediction = \"v\"\nsampler.spacing = \"leading\"\n",
                      {1, 28, 28}),
              HasSubstr("sampler.spacing = \"leading\" begins before it"));
  const std::string edm_steps = "family = \"diffusion\"\nsampler.spacing = \"edm\"\n";
  EXPECT_THAT(refusal(edm_steps, {1, 28, 28}), HasSubstr("take \"karras\" for \"vp\""));
  EXPECT_THAT(refusal(edm_steps + "objective.timesteps = 100\n", {1, 28, 28}),
              HasSubstr("sampler.spacing = \"edm\" needs continuous time"));
  EXPECT_THAT(refusal("family = \"diffusion\"\nobjective.timesteps = 100\n"
                      "objective.zero_terminal_snr = true\nobjective.prediction = \"v\"\n"
                      "sampler.spacing = \"karras\"\n",
                      {1, 28, 28}),
              EndsWith("take \"trailing\""));
  EXPECT_EQ(refusal(edm_steps + "objective.process = \"ot\"\nobjective.prediction = \"v\"\n",
                    {1, 28, 28}),
            "");
  EXPECT_THAT(refusal("family = \"classifier\"\n", {1, 32, 32}, 10),
              HasSubstr("set dataset.size = 28"));
  EXPECT_THAT(refusal("family = \"classifier\"\n", {1, 28, 28}), HasSubstr("needs labels"));
}

}  // namespace
}  // namespace assay
