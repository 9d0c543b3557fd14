// SPDX-License-Identifier: Apache-2.0
// How generators of two parts are run: styles, noise, truncation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "families/gan/generator_passes.h"
#include "families/gan/style_generator.h"
#include "families/styled.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

using testing::HasSubstr;

const char* const kSmall =
    "model.network = 'stylegan2'\nmodel.latent_dim = 5\nmodel.style_dim = 6\n"
    "model.mapping_layers = 2\nmodel.style_channel_base = 64\nmodel.style_channel_max = 8\n";

/// A small generator and how it is run.
struct Small {
  explicit Small(const std::string& settings = "", std::int64_t side = 16)
      : definition(gan_of(kSmall + settings)), generator(made(side)) {
    generator.keep_average({.decay = 0.5, .ramp = false}, [&] { return made(side); });
  }
  Sequential made(std::int64_t side) {
    torch::manual_seed(seed++);
    const GanShape shape{definition, {1, side, side}};
    return gan_architectures().of(definition, "model.network").generator(shape);
  }
  StyleGeneratorImpl& live() { return *style_generator(generator.live()); }
  StyleGeneratorImpl& average() { return *style_generator(generator.average()); }
  static torch::Tensor z(std::uint64_t from, std::int64_t count = 4) {
    return torch::randn({count, 5}, seeded(from));
  }

  std::uint64_t seed = 1;
  Definition definition;
  Averaged<Sequential> generator;
  GeneratorPasses passes{definition, generator, torch::kCPU};
};

TEST(StyleGenerator, HasTwoStylesASide) {
  for (const auto& [side, styles] : std::map<std::int64_t, std::int64_t>{
           {16, 6}, {28, 6}, {32, 8}, {40, 8}, {256, 14}, {1024, 18}}) {
    EXPECT_EQ(2 * static_cast<std::int64_t>(style_sides(side).size()), styles) << side;
  }
  EXPECT_EQ(style_sides(28), (std::vector<std::int64_t>{7, 14, 28}));
  EXPECT_EQ(style_sides(32), (std::vector<std::int64_t>{4, 8, 16, 32}));
  for (const std::int64_t side : {4, 7, 9, 18, 34}) EXPECT_TRUE(style_sides(side).empty()) << side;
  EXPECT_EQ(Small("", 32).live().styles(), 8);
}

TEST(StyleGenerator, HasTheNumbersOfParametersOfTheAuthorsCode) {
  const auto definition = gan_of(
      "model.network = 'stylegan2'\nmodel.latent_dim = 512\nmodel.style_dim = 512\n"
      "model.mapping_layers = 2\nmodel.style_channel_base = 32768\n"
      "model.style_channel_max = 512\n");
  const GanShape shape{definition, {3, 1024, 1024}};
  const auto& architecture = gan_architectures().at("stylegan2");
  const auto count = [](const std::vector<torch::Tensor>& tensors) {
    std::int64_t sum = 0;
    for (const auto& tensor : tensors) sum += tensor.numel();
    return sum;
  };
  auto generator = architecture.generator(shape);
  // As stylegan2-ada-pytorch prints at the start of a training at 1024x1024 with two mapping
  // layers; its buffers of noise are 4² + 2 · (8² + … + 1024²).
  EXPECT_EQ(count(generator->parameters()), 28'794'124);
  EXPECT_EQ(count(generator->buffers()), 2'796'176);
  EXPECT_EQ(style_generator(generator)->styles(), 18);
  EXPECT_EQ(count(architecture.discriminator(shape)->parameters()), 29'012'513);
}

TEST(StyleGenerator, MapsDirectionsOfZAlone) {
  Small small;
  const auto z = Small::z(1);
  EXPECT_TRUE(torch::allclose(small.live().map(3.0 * z), small.live().map(z), 1e-4, 1e-6));
}

TEST(StyleGenerator, AsksForNoiseOnceALayerAndAddsItByAStrengthThatStartsAtNothing) {
  Small small;
  const torch::NoGradGuard no_grad;
  std::vector<std::int64_t> sides;
  const LayerNoise recorded = [&](const NoisyLayer& layer) {
    sides.push_back(layer.constant.size(0));
    return drawn_noise(seeded(4))(layer);
  };
  const auto w = small.live().map(Small::z(1));
  const auto noisy = small.live().synthesise(w, recorded);
  EXPECT_EQ(sides, (std::vector<std::int64_t>{4, 8, 8, 16, 16}));
  const auto plain = small.live().synthesise(w, no_noise());
  EXPECT_TRUE(torch::equal(noisy, plain));
  for (auto& item : small.live().named_parameters()) {
    if (item.key().ends_with("noise_strength")) item.value().fill_(0.5);
  }
  EXPECT_FALSE(torch::equal(small.live().synthesise(w, recorded), plain));
}

TEST(LayerNoise, IsNewForEachLayerAndExample) {
  const auto image = torch::zeros({32, 32});
  const auto noise = drawn_noise(seeded(1));
  const auto first = noise({3, image}), second = noise({3, image});
  ASSERT_EQ(first.sizes(), at::IntArrayRef({3, 1, 32, 32}));
  const auto rows = torch::cat({first, second}).flatten(1);  // 6 of 1,024 draws
  // Correlations of independent ones have sd 1/32; of the same ones they are 1.
  const auto correlations = torch::mm(rows, rows.t()) / 1024.0 - torch::eye(6);
  EXPECT_LT(correlations.abs().max().item<double>(), 0.2);
}

TEST(GeneratorPasses, MixStylesFromACutOnInTrainingAlone) {
  Small small;
  const torch::NoGradGuard no_grad;
  const auto z = Small::z(1), other = Small::z(2);
  const auto w = small.live().map(z), w_other = small.live().map(other);
  const Noise noise = seeded(3);
  std::vector<int> cuts(7, 0);
  constexpr int kBatches = 2000;
  for (int i = 0; i < kBatches; ++i) {
    const auto mixed = small.passes.training_styles(
        z, [&] { return other; }, noise);
    std::int64_t cut = 0;
    while (cut < 6 && torch::equal(mixed.select(1, cut), w.select(1, cut))) ++cut;
    ASSERT_TRUE(torch::equal(mixed.slice(1, cut), w_other.slice(1, cut)));
    ++cuts[static_cast<std::size_t>(cut)];
  }
  EXPECT_EQ(cuts[0], 0);
  // A tenth not mixed, sd √(.09/2000) = .0067; each of five cuts .18, sd .0086.
  EXPECT_NEAR(cuts[6] / double{kBatches}, 0.1, 0.03);
  for (std::size_t cut = 1; cut < 6; ++cut) {
    EXPECT_NEAR(cuts[cut] / double{kBatches}, 0.18, 0.04) << cut;
  }
  EXPECT_TRUE(torch::equal(
      small.passes.decoded(z),
      small.average().synthesise(small.average().map(z), constant_noise()).clamp(-1, 1)));
}

TEST(GeneratorPasses, LeaveStylesAloneWithoutMixing) {
  Small small("model.style_mixing = 0\n");
  const auto z = Small::z(1);
  const auto never = [] { return torch::Tensor(); };
  EXPECT_TRUE(torch::equal(small.passes.training_styles(z, never, seeded(3)), small.live().map(z)));
}

TEST(GeneratorPasses, TruncateTowardsTheMeanStyleOfTheNetworkThatSamples) {
  Small small("sampler.truncation = 0.25\nsampler.truncation_cutoff = 2\n");
  const torch::NoGradGuard no_grad;
  for (auto& parameter : small.average().parameters()) parameter.mul_(1.1);
  const auto z = Small::z(1, 64);
  small.passes.train(
      z, [&] { return Small::z(2, 64); }, seeded(3));
  small.passes.follow();
  small.passes.follow();
  // From 0 with decay .995: 1 − .995² of what the average's own mapping gives.
  const auto mean = (1.0 - 0.995 * 0.995) * small.average().map(z).select(1, 0).mean(0);
  const auto w = small.average().map(Small::z(5));
  const auto truncated = torch::cat({mean + 0.25 * (w.slice(1, 0, 2) - mean), w.slice(1, 2)}, 1);
  EXPECT_TRUE(torch::allclose(small.passes.decoded(Small::z(5)),
                              small.average().synthesise(truncated, constant_noise()).clamp(-1, 1),
                              1e-4, 1e-5));
}

// `drawn`: numbers that are taken of LibTorch's global generator before the first step.
std::unique_ptr<Trainable> trained(const std::string& settings, std::int64_t classes = 0,
                                   std::int64_t drawn = 0) {
  auto model =
      small_model("family = 'gan'\nema.decay = 0.9\n" + (kSmall + settings), {1, 16, 16}, classes);
  torch::rand({drawn});
  for (std::int64_t step = 0; step < 3; ++step) {
    const Batch batch{torch::rand({8, 1, 16, 16}, seeded(100)) * 2 - 1,
                      classes > 0 ? torch::arange(8).remainder(classes) : torch::Tensor()};
    model->training_step(batch, {.step = step, .total_steps = 10, .noise = seeded(7)});
  }
  // So that noise is seen.
  const torch::NoGradGuard no_grad;
  for (auto& [name, value] : state_of(*model)) {
    if (name.ends_with("noise_strength")) value.fill_(0.3);
  }
  return model;
}

torch::Tensor sampled(Trainable& model, std::int64_t count, std::int64_t batch_size) {
  return samples_as_one(dynamic_cast<GenerativeModel&>(model),
                        {.count = count, .generator = seeded(3), .batch_size = batch_size});
}

torch::Tensor decoded(Trainable& model, std::int64_t count) {
  auto& generative = dynamic_cast<GenerativeModel&>(model);
  const auto z = *generative.draw_latents(count, {}, seeded(3));
  return *generative.decode(z, {});
}

TEST(StyleGan, SamplesHaveNoiseOfTheirOwnWhateverTheBatch) {
  const auto model = trained("");
  const auto seven = sampled(*model, 7, 7);
  EXPECT_TRUE(torch::allclose(sampled(*model, 7, 2), seven, 1e-4, 1e-5));
  EXPECT_TRUE(torch::allclose(sampled(*model, 3, 7), seven.narrow(0, 0, 3), 1e-4, 1e-5));
  EXPECT_FALSE(torch::allclose(decoded(*model, 7), seven, 1e-2, 1e-2));
  EXPECT_TRUE(torch::equal(decoded(*model, 7), decoded(*model, 7)));
  EXPECT_LE(seven.abs().max().item<double>(), 1.0);
}

TEST(StyleGan, SamplesAreWhatTheirLatentsDecodeToUnlessTheirNoiseIsDrawn) {
  for (const auto* noise : {"constant", "none"}) {
    const auto model = trained(std::string("sampler.noise = '") + noise + "'\n");
    EXPECT_TRUE(torch::equal(sampled(*model, 5, 5), decoded(*model, 5))) << noise;
  }
}

TEST(StyleGan, LatentsDecodeByWayOfTheirStyles) {
  for (const std::int64_t classes : {0, 3}) {
    const auto model = trained(std::string(classes > 0 ? "model.condition = 'projection'\n" : "") +
                                   "sampler.truncation = 0.5\nsampler.truncation_cutoff = 2\n",
                               classes);
    auto& generative = dynamic_cast<GenerativeModel&>(*model);
    auto& styled = dynamic_cast<StyledModel&>(*model);
    const auto labels = generative.sample_labels(4).value_or(torch::Tensor());
    const auto z = *generative.draw_latents(4, labels, seeded(3));
    const auto w = *styled.styles_of(z, labels);
    ASSERT_EQ(w.sizes(), (at::IntArrayRef{4, 6, 6}));
    EXPECT_TRUE(torch::equal(styled.images_of_styles(w), *generative.decode(z, labels)));
    // Truncated: the first two layers' styles are not those of the others, which are all w.
    EXPECT_TRUE(torch::equal(w.select(1, 2), w.select(1, 5)));
    EXPECT_FALSE(torch::allclose(w.select(1, 1), w.select(1, 2), 1e-3, 1e-3));
  }
  const auto plain = small_model("family = 'gan'\nmodel.network = 'dcgan'\n", {1, 32, 32});
  EXPECT_FALSE(dynamic_cast<StyledModel&>(*plain).styles_of(torch::zeros({1, 64}), {}));
}

TEST(StyleGan, TrainingNoiseComesFromTheStepsGenerator) {
  const auto one = trained(""), same = trained("", 0, 5);
  for (const auto& [name, value] : copy_of_state(*one)) {
    EXPECT_TRUE(torch::equal(value, state_of(*same).at(name))) << name;
  }
}

TEST(StyleGan, WeightsStartWithUnitVarianceWhateverInitialWeightsSay) {
  const auto model = small_model(std::string("family = 'gan'\n") + kSmall, {1, 16, 16});
  const auto weight = state_of(*model).at("discriminator.b16.conv0.weight");
  // 144 draws: sd of the sd .06
  EXPECT_NEAR(weight.std().item<double>(), 1.0, 0.25);
  // The mapping's 1/μ = 100.
  EXPECT_NEAR(state_of(*model).at("generator.0.mapping.fc1.weight").std().item<double>(), 100.0,
              40.0);
}

TEST(StyleGan, RefusesWhatDoesNotGoTogetherByName) {
  const auto refusal = [](const std::string& more) { return gan_refusal(kSmall + more); };
  EXPECT_EQ(refusal(""), "");
  EXPECT_EQ(refusal("objective.r1 = 1\n"), "");
  EXPECT_THAT(refusal("model.spectral_norm = true\n"), HasSubstr("model.spectral_norm"));
  EXPECT_THAT(refusal("model.minibatch_discrimination = 3\n"),
              HasSubstr("model.minibatch_discrimination"));
  EXPECT_THAT(refusal("objective.loss = 'began'\n"), HasSubstr("objective.loss = \"began\""));
  EXPECT_THAT(refusal("sampler.statistics_batches = 2\n"), HasSubstr("sampler.statistics_batches"));
  EXPECT_THAT(refusal("objective.gradient_penalty = 10\n"), HasSubstr("model.minibatch_stddev"));
  EXPECT_EQ(refusal("objective.gradient_penalty = 10\nmodel.minibatch_stddev = 0\n"), "");
  EXPECT_THAT(refusal("train.batch_size = 30\n"), HasSubstr("model.minibatch_stddev = 4"));
  EXPECT_THROW(small_model(std::string("family = 'gan'\n") + kSmall, {1, 18, 18}), Error);
  EXPECT_THROW(small_model(std::string("family = 'gan'\n") + kSmall, {2}), Error);
}

}  // namespace
}  // namespace assay
