// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>

#include "core/error.h"
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/gan.h"
#include "families/registry.h"
#include "nn/blocks/maxout.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

Definition dcgan() {
  return gan_of(
      "model.latent_dim = 64\nmodel.generator_channels = [128, 64]\n"
      "model.discriminator_channels = [32, 64, 128]\n");
}

const GanArchitecture& architecture(const std::string& name) {
  return gan_architectures().at(name);
}

torch::Tensor discriminator_loss(const torch::Tensor& real, const torch::Tensor& generated) {
  return adversarial_losses().at("non_saturating").discriminator(real, generated);
}
torch::Tensor non_saturating_generator_loss(const torch::Tensor& generated) {
  return adversarial_losses().at("non_saturating").generator(generated, {});
}
torch::Tensor minimax_generator_loss(const torch::Tensor& generated) {
  return adversarial_losses().at("minimax").generator(generated, {});
}

std::int64_t parameter_count(const Sequential& network) {
  std::int64_t count = 0;
  for (const auto& parameter : network->parameters()) count += parameter.numel();
  return count;
}

TEST(GanLosses, AreLogTwoPerTermForAnUndecidedDiscriminator) {
  const auto zeros = torch::zeros({6, 1});
  EXPECT_NEAR(discriminator_loss(zeros, zeros).item<double>(), 2.0 * std::log(2.0), 1e-6);
  EXPECT_NEAR(non_saturating_generator_loss(zeros).item<double>(), std::log(2.0), 1e-6);
  EXPECT_NEAR(minimax_generator_loss(zeros).item<double>(), -std::log(2.0), 1e-6);
}

TEST(GanLosses, EqualTheirDefinitionsByProbabilities) {
  const auto real = torch::randn({9}, seeded(1), torch::kDouble);
  const auto generated = torch::randn({9}, seeded(2), torch::kDouble);
  const auto d_real = real.sigmoid(), d_generated = generated.sigmoid();
  EXPECT_NEAR(discriminator_loss(real, generated).item<double>(),
              -(d_real.log().mean() + (1 - d_generated).log().mean()).item<double>(), 1e-12);
  EXPECT_NEAR(non_saturating_generator_loss(generated).item<double>(),
              -d_generated.log().mean().item<double>(), 1e-12);
  EXPECT_NEAR(minimax_generator_loss(generated).item<double>(),
              (1 - d_generated).log().mean().item<double>(), 1e-12);
}

TEST(GanLosses, OnlyTheMinimaxGradientVanishesWhenTheDiscriminatorIsSure) {
  // d/dl of −softplus(−l) is −σ(−l), of −softplus(l) is −σ(l): at l = −20, −1 and −2e-9.
  auto a = torch::full({1}, -20.0).requires_grad_(), b = torch::full({1}, -20.0).requires_grad_();
  non_saturating_generator_loss(a).backward();
  minimax_generator_loss(b).backward();
  EXPECT_NEAR(a.grad().item<double>(), -1.0, 1e-6);
  EXPECT_NEAR(b.grad().item<double>(), -std::exp(-20.0), 1e-12);
}

TEST(GanLosses, DoNotOverflowForLargeLogits) {
  const auto large = torch::full({2}, 1e4);
  EXPECT_FLOAT_EQ(discriminator_loss(-large, large).item<float>(), 2e4f);
}

TEST(GanNetwork, RecipeHasTheRecipesParameters) {
  // G: 64·6272 + 2·128 + 128·64·16 + 2·64 + 64·16 + 1. D: 32·16 + 32 + 32·64·16 + 128 +
  // 64·128·16 + 256 + 1152 + 1. The recipe says 0.53M and 0.17M.
  const Definition definition = dcgan();
  const GanShape shape{definition, {1, 28, 28}};
  EXPECT_EQ(parameter_count(architecture("dcgan").generator(shape)), 533889);
  EXPECT_EQ(parameter_count(architecture("dcgan").discriminator(shape)), 165921);
}

TEST(GanNetwork, MapsLatentsToExamplesAndExamplesToLogits) {
  const Definition definition = dcgan();
  for (const std::int64_t side : {28, 32}) {
    const GanShape shape{definition, {1, side, side}};
    auto generator = architecture("dcgan").generator(shape);
    const auto images = generator->forward(torch::randn({3, 64}, seeded(1)));
    EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{3, 1, side, side}));
    auto discriminator = architecture("dcgan").discriminator(shape);
    EXPECT_EQ(discriminator->forward(images.detach()).sizes(), (std::vector<std::int64_t>{3, 1}));
  }
}

TEST(GanNetwork, MlpServesPointsAndImages) {
  const Definition definition = gan_of(
      "model.network = 'mlp'\nmodel.latent_dim = 2\nmodel.generator_widths = [16, 16]\n"
      "model.discriminator_widths = [8]\nmodel.maxout_pieces = 5\n");
  const GanArchitecture& mlp = architecture("mlp");
  const GanShape of_points{definition, {2}}, of_images{definition, {1, 4, 4}};
  const auto z = torch::randn({4, 2}, seeded(1));
  const auto points = mlp.generator(of_points)->forward(z);
  EXPECT_EQ(points.sizes(), (std::vector<std::int64_t>{4, 2}));
  EXPECT_EQ(mlp.discriminator(of_points)->forward(points).sizes(),
            (std::vector<std::int64_t>{4, 1}));
  const auto images = mlp.generator(of_images)->forward(z);
  EXPECT_EQ(images.sizes(), (std::vector<std::int64_t>{4, 1, 4, 4}));
  EXPECT_LE(images.abs().max().item<float>(), 1.0f);
}

TEST(Maxout, IsTheLargestOfItsAffinePieces) {
  Maxout layer(1, 1, 2);
  const torch::NoGradGuard no_grad;
  layer->parameters()[0].copy_(torch::tensor({{1.0f}, {-1.0f}}));
  layer->parameters()[1].zero_();
  const auto x = torch::tensor({{-3.0f}, {2.0f}});
  EXPECT_TRUE(torch::equal(layer(x), x.abs()));  // max(x, −x)
}

TEST(GanCheck, RefusesWhatExcludesEachOtherByName) {
  EXPECT_THAT(
      gan_refusal("objective.loss = 'wasserstein'"),
      AllOf(HasSubstr("\"wasserstein\" falls for ever"),
            HasSubstr("objective.gradient_penalty, objective.weight_clip or model.spectral_norm")));
  for (const std::string bound :
       {"weight_clip", "gradient_penalty", "one_sided_gradient_penalty"}) {
    EXPECT_EQ(gan_refusal(
                  "model.discriminator_norm = 'none'\nobjective.loss = 'wasserstein'\nobjective." +
                  bound + " = 0.1"),
              "")
        << bound;
  }
  EXPECT_THAT(gan_refusal("model.network = 'mlp'\nobjective.gradient_penalty = 10\n"
                          "objective.one_sided_gradient_penalty = 10"),
              HasSubstr("two sides of one penalty"));
  EXPECT_THAT(gan_refusal("model.network = 'mlp'\nobjective.gradient_penalty = 10\n"
                          "objective.weight_clip = 0.01"),
              HasSubstr("takes the place of objective.weight_clip"));
  EXPECT_THAT(gan_refusal("objective.loss = 'hinge'\nobjective.label_smoothing = 0.1"),
              HasSubstr("objective.label_smoothing is of labels"));
  EXPECT_THAT(gan_refusal("objective.label_smoothing = 0.9"),
              HasSubstr("0.1 is the published one"));
  EXPECT_EQ(gan_refusal("objective.label_smoothing = 0.1"), "");
  EXPECT_THAT(gan_refusal("objective.penalty_interval = 16"), HasSubstr("nothing to wait for"));
  EXPECT_THAT(gan_refusal("objective.label_smoothing = 0.1\nobjective.penalty_interval = 16"),
              HasSubstr("nothing to wait for"));
  const std::string plain = "model.discriminator_norm = 'none'\n";
  EXPECT_THAT(gan_refusal(plain + "objective.gradient_penalty = 10\nobjective.r1 = 1"),
              HasSubstr("pull them to 0"));
  EXPECT_THAT(gan_refusal(plain + "objective.gradient_penalty = 10\nobjective.r2 = 1"),
              HasSubstr("pull them to 0"));
  EXPECT_EQ(gan_refusal(plain + "objective.one_sided_gradient_penalty = 10\nobjective.r1 = 1"), "");
  EXPECT_THAT(gan_refusal(plain + "objective.dragan = 10\nobjective.r1 = 1"),
              HasSubstr("pulls them to 0"));
  EXPECT_THAT(gan_refusal("objective.penalty_slope = 0.5"), HasSubstr("none has a weight"));
  EXPECT_THAT(gan_refusal("objective.slope_of = 'sigmoid'"), HasSubstr("none has a weight"));
  // A critic that stays the same under flips may be as steep as it likes.
  EXPECT_THAT(gan_refusal("objective.loss = 'wasserstein'\nobjective.consistency = 10"),
              HasSubstr("falls for ever"));
  EXPECT_THAT(gan_refusal(plain + "objective.loss = 'began'\nobjective.weight_clip = 0.1"),
              HasSubstr("objective.weight_clip"));
  EXPECT_THAT(gan_refusal(plain + "objective.loss = 'began'\nmodel.minibatch_discrimination = 3"),
              HasSubstr("model.minibatch_discrimination"));
  EXPECT_THAT(gan_refusal("model.network = 'mlp'\nmodel.generator_batch_norm = false\n"
                          "sampler.statistics_batches = 5"),
              HasSubstr("normalises over no batch"));
  const std::string rmsprop = "optimizer.name = 'rmsprop'\n";
  EXPECT_THAT(gan_refusal(rmsprop + "optimizer.generator_beta1 = 0.5"),
              HasSubstr("optimizer.generator_beta1 is of Adam's first moment"));
  EXPECT_EQ(gan_refusal(rmsprop + "optimizer.generator_name = 'adam'\n"
                                  "optimizer.generator_beta1 = 0.5"),
            "");
  EXPECT_THAT(gan_refusal(rmsprop + "optimizer.epsilon_hat = true"),
              HasSubstr("optimizer.epsilon_hat is of Adam"));
  EXPECT_EQ(gan_refusal(rmsprop + "optimizer.discriminator_name = 'adam'\n"
                                  "optimizer.epsilon_hat = true"),
            "");
  EXPECT_EQ(gan_refusal("model.network = 'mlp'\nobjective.r1 = 1\nobjective.penalty_interval = 16"),
            "");
}

TEST(GanNetwork, SaysWhatDoesNotFit) {
  const Definition definition = dcgan();
  const auto misfit = [&](std::vector<std::int64_t> example) {
    return architecture("dcgan").misfit({definition, std::move(example)});
  };
  EXPECT_THAT(misfit({1, 30, 30}), HasSubstr("that 4 divides, not 30x30"));
  EXPECT_THAT(misfit({2}), HasSubstr("take \"mlp\" for points"));
  EXPECT_EQ(misfit({1, 28, 28}), "");
}

}  // namespace
}  // namespace assay
