// SPDX-License-Identifier: Apache-2.0
// Networks of GANs beside PyTorch's of the same weights (tests/oracle/make_gan_networks_oracle.py),
// and how their weights and latents are drawn.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/gan_networks.h"
#include "families/gan/initial_weights.h"
#include "families/judge.h"
#include "tests/families/small_gan.h"
#include "tests/families/twin.h"

namespace assay {
namespace {

using testing::HasSubstr;

void fill(torch::nn::Module& network) {
  const torch::NoGradGuard no_grad;
  double phase = 0.0, of_vectors = 50.0;
  for (auto& parameter : network.parameters()) {
    parameter.copy_(filled(parameter.sizes(), phase++));
  }
  for (auto& item : network.named_buffers()) {
    if (item.key() != "u" && !item.key().ends_with(".u")) continue;
    const auto values = filled(item.value().sizes(), of_vectors++);
    item.value().copy_(values / values.norm());
  }
}

struct Case {
  std::string name, toml;
  std::vector<std::int64_t> example;
};

void PrintTo(const Case& of, std::ostream* out) { *out << of.name; }

const char* const kInfogan = "model.network = 'infogan'\nmodel.infogan_width = 2\n";
const char* const kSngan =
    "model.network = 'sngan'\nmodel.sngan_generator_width = 4\n"
    "model.sngan_discriminator_width = 4\nmodel.sngan_upsampling = 'bilinear'\n";

std::vector<Case> cases() {
  const std::string infogan = kInfogan, sngan = kSngan, spectral = "model.spectral_norm = true\n";
  const std::string dcgan =
      "model.generator_channels = [6, 4]\nmodel.discriminator_channels = [3, 5, 6]\n"
      "model.discriminator_norm = ";
  return {{"dcgan", dcgan + "'batch'\n", {1, 28, 28}},
          {"dcgan_layer", dcgan + "'layer'\n", {1, 28, 28}},
          {"dcgan_32_without_norm", dcgan + "'none'\n", {3, 32, 32}},
          {"infogan", infogan, {1, 28, 28}},
          {"infogan_without_norm", infogan + "model.discriminator_norm = 'none'\n", {1, 28, 28}},
          {"sngan_28", sngan + spectral, {1, 28, 28}},
          {"sngan_32", sngan + spectral, {3, 32, 32}},
          {"sngan_32_plain", sngan, {3, 32, 32}}};
}

void expect_values(const torch::Tensor& values, const nlohmann::json& right) {
  const auto all = values.flatten();
  ASSERT_EQ(all.numel(), static_cast<std::int64_t>(right.size()));
  for (std::int64_t i = 0; i < all.numel(); ++i) {
    const auto expected = right[static_cast<std::size_t>(i)].get<double>();
    // Sums of up to 3,072 rounded products.
    EXPECT_NEAR(all[i].item<double>(), expected, 2e-5 * (1.0 + std::abs(expected)));
  }
}

void expect_shadows(const torch::Tensor& images, const nlohmann::json& right) {
  const auto flat = images.flatten(1);
  for (const int phase : {0, 1}) {
    expect_values(torch::mv(flat, filled(flat.sizes().slice(1), 11 + phase)),
                  right[static_cast<std::size_t>(phase)]);
  }
}

class GanNetwork : public testing::TestWithParam<Case> {};

TEST_P(GanNetwork, GivesWhatPyTorchsOfTheSameWeightsGives) {
  const auto expected = oracle("gan_networks_oracle.json").at(GetParam().name);
  const torch::NoGradGuard no_grad;
  const Definition definition = gan_of("model.latent_dim = 5\n" + GetParam().toml);
  const GanShape shape{definition, GetParam().example};
  const auto& architecture = gan_architectures().of(definition, "model.network");
  auto generator = architecture.generator(shape), critic = architecture.discriminator(shape);
  fill(*generator);
  fill(*critic);
  const auto z = filled({3, 5}, 0.3);
  auto sizes = GetParam().example;
  sizes.insert(sizes.begin(), 3);
  const auto real = filled(sizes, 0.7);
  expect_shadows(generator->forward(z), expected.at("images"));
  expect_values(critic->forward(real), expected.at("logits"));
  generator->eval();
  critic->eval();
  expect_shadows(generator->forward(z), expected.at("scored_images"));
  expect_values(critic->forward(real), expected.at("scored_logits"));
}

INSTANTIATE_TEST_SUITE_P(PyTorch, GanNetwork, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

TEST(GanNetworks, HaveThePapersNumbersOfParameters) {
  const auto parameters = [](const std::string& toml, std::vector<std::int64_t> example) {
    const Definition definition = gan_of(toml);
    const GanShape shape{definition, std::move(example)};
    const auto& architecture = gan_architectures().of(definition, "model.network");
    const auto count = [](const Sequential& network) {
      std::int64_t sum = 0;
      for (const auto& parameter : network->parameters()) sum += parameter.numel();
      return sum;
    };
    return std::pair(count(architecture.generator(shape)),
                     count(architecture.discriminator(shape)));
  };
  // Lucic et al.: 64·1024+1024, BN 2·1024, 1024·6272+6272, BN 2·6272, 128·64·16+64, BN 128,
  // 64·16+1; 16·64+64, 64·128·16+128, BN 256, 6272·1024+1024, BN 2048, 1024+1.
  EXPECT_EQ(parameters("model.network = 'infogan'\n", {1, 28, 28}),
            std::pair(std::int64_t{6'642'241}, std::int64_t{6'559'169}));
  // SNGAN for CIFAR-10, as of Mimicry: 128·4096+4096; a block 2·(256·256·9+256) + 2·512 +
  // 256·256+256, three of them; 512 + 256·27+3. Discriminator: 3·128·9+128, 128·128·9+128,
  // 3·128+128; 2·(128·128·9+128) + 128·128+128; twice 2·(128·128·9+128); 129.
  EXPECT_EQ(parameters("model.network = 'sngan'\nmodel.latent_dim = 128\n", {3, 32, 32}),
            std::pair(std::int64_t{4'276'739}, std::int64_t{1'053'825}));
}

// compare_gan's comment of BEGAN: 1.3M; 3·64·16+64, 64·128·16+128, 8192·64+64; 64·8192+8192,
// 128·64·16+64, 64·3·16+3.
TEST(GanNetworks, InfogansAutoencodingDiscriminatorIsComparedGansOwn) {
  const Definition definition =
      gan_of("model.network = 'infogan'\nobjective.loss = 'began'\nmodel.critic_code_dim = 64\n");
  const GanShape shape{definition, {3, 32, 32}};
  auto network = adversarial_losses().at("began").critic(gan_architectures().at("infogan"), shape);
  std::int64_t sum = 0;
  for (const auto& parameter : network->parameters()) sum += parameter.numel();
  EXPECT_EQ(sum, 1'325'379);
  EXPECT_TRUE(network->buffers().empty());
  EXPECT_EQ(critic_norm(definition), CriticNorm::kNothing);
  // −mean |x − decoded| of what lies in [−1,1]: from −2 to 0.
  const auto logits = network->forward(torch::rand({2, 3, 32, 32}) * 2 - 1);
  EXPECT_EQ(logits.sizes(), (std::vector<std::int64_t>{2, 1}));
  EXPECT_LT(logits.max().item<double>(), 0.0);
}

TEST(GanNetworks, SayWhatImagesDoNotFit) {
  const auto misfit = [](const std::string& network, std::vector<std::int64_t> example) {
    const Definition definition = gan_of("model.network = '" + network + "'\n");
    return gan_architectures().at(network).misfit({definition, std::move(example)});
  };
  EXPECT_THAT(misfit("infogan", {2}), HasSubstr("take \"mlp\" for points"));
  EXPECT_THAT(misfit("infogan", {1, 28, 30}), HasSubstr("sides 4 divides, not 28x30"));
  EXPECT_EQ(misfit("infogan", {1, 32, 28}), "");
  EXPECT_THAT(misfit("sngan", {2}), HasSubstr("take \"mlp\" for points"));
  EXPECT_THAT(misfit("sngan", {1, 4, 4}), HasSubstr("8 or more that 4 divides, not 4x4"));
  EXPECT_THAT(misfit("sngan", {1, 32, 28}), HasSubstr("square"));
  EXPECT_EQ(misfit("sngan", {3, 64, 64}), "");
}

// The initial weights of a network, by name.
State drawn(const std::string& weights, const std::string& toml, std::vector<std::int64_t> example,
            bool discriminator) {
  const Definition definition = gan_of(toml);
  const GanShape shape{definition, std::move(example)};
  const auto& architecture = gan_architectures().of(definition, "model.network");
  auto network = discriminator ? architecture.discriminator(shape) : architecture.generator(shape);
  gan_initial_weights().at(weights).draw(*network, 0.02, seeded(4));
  State values;
  for (const auto& item : network->named_parameters()) values[item.key()] = item.value().detach();
  return values;
}

double largest(const torch::Tensor& x) { return x.abs().max().item<double>(); }

TEST(GanInitialWeights, OfComparedGansCutConvolutionsAtTwoStandardDeviations) {
  const std::string toml = "model.network = 'infogan'\nmodel.infogan_width = 16\n";
  auto critic = drawn("truncated_normal", toml, {1, 28, 28}, true);
  EXPECT_LE(largest(critic.at("3.weight")), 0.04);
  // The variance of a normal number within ±2: 1 − 4φ(2)/(2Φ(2) − 1) = 0.7737; 8,192 of them.
  EXPECT_NEAR(critic.at("3.weight").var().item<double>() / 4e-4, 0.7737, 0.03);
  EXPECT_GT(largest(critic.at("7.weight")), 0.06);
  EXPECT_NEAR(critic.at("7.weight").var().item<double>() / 4e-4, 1.0, 0.02);
  EXPECT_TRUE(critic.at("4.weight").eq(1.0).all().item<bool>());
  for (const auto& [name, value] : critic) {
    if (!name.ends_with("bias")) continue;
    EXPECT_EQ(largest(value), 0.0) << name;
  }
  auto generator = drawn("truncated_normal", toml, {1, 28, 28}, false);
  EXPECT_GT(largest(generator.at("7.weight")), 0.05) << "a transposed convolution is not cut";
}

TEST(GanInitialWeights, OfWganToysAreUniformWithinHesAndGlorotsBounds) {
  const auto critic = drawn(
      "he_uniform", "model.network = 'mlp'\nmodel.discriminator_widths = [96, 216]\n", {2}, true);
  // √(6/2), √(6/96) = 1/4, √(6/(216 + 1)).
  for (const auto& [name, bound] :
       {std::pair("1.weight", std::sqrt(3.0)), std::pair("3.weight", 0.25),
        std::pair("5.weight", std::sqrt(6.0 / 217.0))}) {
    EXPECT_LE(largest(critic.at(name)), bound) << name;
    EXPECT_GT(largest(critic.at(name)), 0.95 * bound) << name;
  }
}

TEST(GanInitialWeights, OfResidualBranchesAreGlorotsTimesTheRootOfTwo) {
  const auto critic =
      drawn("glorot_uniform", "model.network = 'sngan'\nmodel.sngan_discriminator_width = 12\n",
            {3, 32, 32}, true);
  // fan_in + fan_out: (3 + 12)·9, (12 + 12)·9, 3 + 12, 12 + 1.
  for (const auto& [name, bound] : {std::pair("0.branch.0.weight", std::sqrt(12.0 / 135.0)),
                                    std::pair("0.branch.2.weight", std::sqrt(12.0 / 216.0)),
                                    std::pair("0.shortcut.1.weight", std::sqrt(6.0 / 15.0)),
                                    std::pair("6.weight", std::sqrt(6.0 / 13.0))}) {
    EXPECT_LE(largest(critic.at(name)), bound) << name;
    EXPECT_GT(largest(critic.at(name)), 0.8 * bound) << name;
  }
}

TEST(GanLatents, AreUniformWhereTheDefinitionSaysSo) {
  const auto model = small_model(std::string(kAffineGan) + "model.latent = 'uniform'\n", {2});
  auto& gan = dynamic_cast<GenerativeModel&>(*model);
  const auto z = *gan.draw_latents(4000, {}, seeded(3));
  EXPECT_LE(largest(z), 1.0);
  // Of 12,000 numbers of variance 1/3: standard errors 0.0053 and 0.0027.
  EXPECT_NEAR(z.mean().item<double>(), 0.0, 0.02);
  EXPECT_NEAR(z.square().mean().item<double>(), 1.0 / 3.0, 0.011);
  EXPECT_TRUE(torch::equal((*gan.draw_latents(7, {}, seeded(3))), z.narrow(0, 0, 7)));
  // Samples are the generator's of just these.
  EXPECT_TRUE(torch::equal(samples_of(*model, 5), *gan.decode(z.narrow(0, 0, 5), {})));
  auto state = state_of(*model);
  {
    const torch::NoGradGuard no_grad;
    state.at("generator.0.weight").copy_(torch::eye(2, 3) * 1e3);
  }
  const auto logged = logged_by_step(*model, real_points(64));
  // So are training's: the spread is 1,000·√(1/3), not 1,000; of 64 numbers a few per cent off.
  EXPECT_NEAR(logged.at("generated_spread"), 577.0, 80.0);
}

TEST(GanMlp, IsTheWassersteinToysWithoutNormalisationAndWithRelus) {
  const auto model = small_model(
      "family = 'gan'\nmodel.network = 'mlp'\nmodel.latent_dim = 2\nmodel.generator_widths = [4]\n"
      "model.discriminator_widths = [4]\nmodel.generator_batch_norm = false\n"
      "model.discriminator_slope = 0\n",
      {2});
  auto state = state_of(*model);
  EXPECT_EQ(state.at("generator.0.bias").numel(), 4);
  EXPECT_EQ(state.at("generator.2.weight").sizes(), (at::IntArrayRef{2, 4}));
  // D(x) = 1 + 4·relu(1 − x₁ − x₂): 5 and 1.
  const auto points = torch::tensor({0.0F, 0.0F, 2.0F, 2.0F}).reshape({2, 2});
  const torch::NoGradGuard no_grad;
  const Definition definition = gan_of(
      "model.network = 'mlp'\nmodel.discriminator_widths = [4]\nmodel.discriminator_slope = 0\n");
  auto critic = gan_architectures().at("mlp").discriminator({definition, {2}});
  for (auto& item : critic->named_parameters()) {
    item.value().fill_(item.key() == "1.weight" ? -1.0 : 1.0);
  }
  const auto logits = critic->forward(points);
  EXPECT_FLOAT_EQ(logits[0].item<float>(), 5.0F);
  EXPECT_FLOAT_EQ(logits[1].item<float>(), 1.0F);
}

TEST(GanJudge, GivesTheDiscriminatorsLogitsWhereEachExampleIsJudgedAlone) {
  const auto points = real_points(6).images;
  const auto model = small_model(kAffineGan, {2});
  const auto before = copy_of_state(*model);
  const auto logits = *dynamic_cast<Judge&>(*model).logits_of(points);
  EXPECT_TRUE(torch::allclose(logits, plain_logits(before, points).flatten()));
  for (const auto& [name, value] : copy_of_state(*model)) {
    EXPECT_TRUE(torch::equal(value, before.at(name))) << name;
  }
  for (const std::string tied :
       {"objective.packing = 2\n", "model.minibatch_discrimination = 3\n"}) {
    const auto other = small_model(kAffineGan + tied, {2});
    EXPECT_FALSE(dynamic_cast<Judge&>(*other).logits_of(points)) << tied;
  }
}

}  // namespace
}  // namespace assay
