// SPDX-License-Identifier: Apache-2.0
// Penalties that have updates of their own, and path-length regularisation.
#include <ATen/ATen.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>

#include <cmath>

#include "families/gan/path_length.h"
#include "families/gan/penalty_step.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

const torch::TensorOptions kF64 = torch::kDouble;

// c = k/(k + 1): 16/17 = .9412, .99^c = .9906; 4/5 = .8, .99^.8 = .9920.
TEST(GanPenaltyStep, CorrectsAdamForTheStepsThatPenaltiesAdd) {
  OptimizerOptions options;
  options.learning_rate.peak = 1.0;
  options.adam.beta1 = 0.0;
  options.adam.beta2 = 0.99;
  const auto of_16 = corrected_for_penalty_steps(options, 16);
  EXPECT_NEAR(of_16.learning_rate.peak, 0.9412, 5e-5);
  EXPECT_NEAR(of_16.adam.beta2, 0.9906, 5e-5);
  EXPECT_EQ(of_16.adam.beta1, 0.0);
  const auto of_4 = corrected_for_penalty_steps(options, 4);
  EXPECT_NEAR(of_4.learning_rate.peak, 0.8, 1e-12);
  EXPECT_NEAR(of_4.adam.beta2, 0.9920, 5e-5);
}

const std::string kApart =
    "objective.r1 = 3\nobjective.penalty_interval = 4\nobjective.penalty_step = 'apart'\n"
    "optimizer.beta1 = 0.6\n";

TEST(GanPenaltyStep, ApartIsAnUpdateByThePenaltyAloneAndAtEveryKth) {
  for (const std::int64_t index : {0, 3, 4, 6}) {
    const auto plain = small_model(std::string(kAffineGan) + "optimizer.beta1 = 0.6\n", {2});
    const auto apart = small_model(kAffineGan + kApart, {2});
    const auto w = copy_of_state(*plain).at("discriminator.1.weight");
    logged_by_step(*plain, real_points(7), index);
    logged_by_step(*apart, real_points(7), index);
    const auto of_plain = copy_of_state(*plain), of_apart = copy_of_state(*apart);
    const auto m = [](const State& state, const std::string& name) {
      return state.at("discriminator_optimizer.1." + name + ".m");
    };
    // m = (1 − β) g, with β' = .6^.8 for .6 where the penalty has steps of its own.
    const double beta = std::pow(0.6, 0.8);
    const auto first = [&](const std::string& name) {
      return m(of_plain, name) / 0.4 * (1 - beta);
    };
    const bool due = index % 4 == 0;
    EXPECT_EQ(of_apart.at("discriminator_optimizer.step").item<double>(), due ? 2.0 : 1.0);
    if (!due) {
      EXPECT_TRUE(torch::allclose(m(of_apart, "weight"), first("weight"), 1e-4, 1e-6)) << index;
      continue;
    }
    // Adam's first update is the rate, .8 of 1e-3, against the gradient's sign.
    const auto moved = w - 0.8e-3 * m(of_plain, "weight").sign();
    // 4 · 3 · w of the weight, at its new place; nothing of the bias.
    const auto weight = beta * first("weight") + (1 - beta) * 12.0 * moved;
    EXPECT_TRUE(torch::allclose(m(of_apart, "weight"), weight, 1e-4, 1e-5)) << index;
    EXPECT_TRUE(torch::allclose(m(of_apart, "bias"), beta * first("bias"), 1e-4, 1e-6)) << index;
  }
}

TEST(GanPenaltyStep, LeavesTheGeneratorsRateAlone) {
  const auto model = small_model(kAffineGan + kApart, {2});
  const auto before = copy_of_state(*model).at("generator.0.bias");
  logged_by_step(*model, real_points(7));
  const auto moved = (copy_of_state(*model).at("generator.0.bias") - before).abs();
  EXPECT_TRUE(torch::allclose(moved, torch::full({2}, 1e-2), 1e-3));
}

TEST(GanPenaltyStep, ApartWithoutAPenaltyIsRefused) {
  EXPECT_NE(gan_refusal("objective.penalty_step = 'apart'\n").find("objective.penalty_step"),
            std::string::npos);
}

// G(w) = A w of the sum of a layer's styles: J_wᵀ y = Aᵀ y for each layer.
struct LinearGenerator {
  torch::Tensor a = torch::randn({12, 3}, seeded(1), kF64);  ///< of images [1,3,4]
  torch::Tensor operator()(const torch::Tensor& w) const {
    return torch::matmul(w.sum(1), a.t()).view({w.size(0), 1, 3, 4});
  }
};

TEST(PathLength, OfALinearGeneratorIsItsClosedForm) {
  const LinearGenerator generator;
  const auto w = torch::randn({5, 2, 3}, seeded(2), kF64).requires_grad_();
  const auto y = torch::randn({5, 1, 3, 4}, seeded(3), kF64);
  // Each of the two layers has the slope Aᵀ y: their mean is that of one.
  const auto expected = torch::matmul(y.flatten(1), generator.a).norm(2, 1);
  EXPECT_TRUE(torch::allclose(path_lengths(generator(w), w, y), expected, 1e-9, 1e-9));
  // A layer that the image does not see makes the mean over layers smaller: by √½.
  const auto first = torch::matmul(w.select(1, 0), generator.a.t()).view({5, 1, 3, 4});
  EXPECT_TRUE(torch::allclose(path_lengths(first, w, y), expected / std::sqrt(2.0), 1e-9, 1e-9));
}

TEST(PathLength, DirectionsAreOfUnitVarianceOverAllPixels) {
  const auto y = path_directions(torch::zeros({400, 1, 8, 16}), Noise(seeded(3)));
  // E ‖y‖² = HW/HW = 1 an image, standard error √(2/128/400).
  EXPECT_NEAR(y.square().sum({1, 2, 3}).mean().item<double>(), 1.0, 0.03);
}

TEST(PathLength, OfAFlatGeneratorIsFiniteAndSoIsItsGradient) {
  const auto w = torch::zeros({2, 1, 3}, kF64).requires_grad_();
  const auto images = w.pow(2).sum({1, 2}).view({2, 1, 1, 1});
  const auto lengths = path_lengths(images, w, torch::ones({2, 1, 1, 1}, kF64));
  const auto gradient = torch::autograd::grad({lengths.sum()}, {w}).front();
  EXPECT_TRUE(torch::isfinite(gradient).all().item<bool>());
}

Definition path_definition(const std::string& more = "") {
  return gan_of("objective.path_length = 2\nobjective.path_length_interval = 4\n" + more);
}

// The penalty of G = tanh of a linear one, by its weights.
TEST(PathLength, PenaltyHasTheGradientOfFiniteDifferences) {
  const auto w = torch::randn({4, 2, 3}, seeded(2), kF64);
  const auto penalty = [&](const torch::Tensor& a) {
    PathLength regulariser(path_definition(), torch::kCPU);
    const auto leaf = w.detach().requires_grad_();
    LinearGenerator generator;
    generator.a = a;
    std::vector<LossTerm> terms;
    return regulariser.penalty(torch::tanh(generator(leaf)), leaf, Noise(seeded(5)), terms);
  };
  const auto a = LinearGenerator().a, d = torch::randn({12, 3}, seeded(6), kF64);
  const auto leaf = a.detach().requires_grad_();
  const auto gradient = torch::autograd::grad({penalty(leaf)}, {leaf}).front();
  const double h = 1e-5;
  const double expected = ((penalty(a + h * d) - penalty(a - h * d)) / (2 * h)).item<double>();
  EXPECT_NEAR((gradient * d).sum().item<double>(), expected, 1e-5 * std::abs(expected));
}

TEST(PathLength, CountsKTimesAndItsMeanMovesByAHundredth) {
  PathLength regulariser(path_definition(), torch::kCPU);
  const LinearGenerator generator;
  const auto w = torch::randn({4, 2, 3}, seeded(2), kF64).requires_grad_();
  double mean = 0.0;
  const Noise noise(seeded(5));
  const auto same_noise = seeded(5);
  for (int update = 0; update < 3; ++update) {
    std::vector<LossTerm> terms;
    const auto loss = regulariser.penalty(generator(w), w, noise, terms).item<double>();
    const auto y = torch::randn({4, 1, 3, 4}, same_noise, kF64) / std::sqrt(12.0);
    const auto lengths = torch::matmul(y.flatten(1), generator.a).norm(2, 1);
    mean += 0.01 * (lengths.mean().item<double>() - mean);
    const double expected = 2.0 * (lengths - mean).square().mean().item<double>();
    EXPECT_NEAR(loss, 4.0 * expected, 1e-5) << update;
    EXPECT_NEAR(terms.at(0).value.item<double>(), expected, 1e-5);
    EXPECT_NEAR(terms.at(1).value.item<double>(), mean, 1e-6);
  }
  EXPECT_TRUE(regulariser.due(8));
  EXPECT_FALSE(regulariser.due(6));
  EXPECT_EQ(regulariser.images_of(9), 4);
}

const std::string kStyled =
    "family = 'gan'\ntrain.batch_size = 4\nmodel.network = 'stylegan2'\nmodel.latent_dim = 5\n"
    "model.style_dim = 6\nmodel.mapping_layers = 2\nmodel.style_channel_base = 64\n"
    "model.style_channel_max = 8\nmodel.minibatch_stddev = 0\nobjective.path_length = 2\n"
    "objective.path_length_interval = 2\nobjective.discriminator_steps = 2\n";
const std::vector<std::int64_t> kImage = {1, 8, 8};

Batch small_images() { return {torch::rand({4, 1, 8, 8}, seeded(5)) * 2 - 1, {}}; }

TEST(PathLength, IsDueAtEveryKthUpdateOfTheGeneratorAndItsMeanIsInTheState) {
  for (const std::string step : {"joined", "apart"}) {
    const auto settings = kStyled + "objective.penalty_step = '" + step + "'\n";
    const auto model = small_model(settings, kImage);
    for (std::int64_t index = 0; index < 6; ++index) {
      const auto logged = logged_by_step(*model, small_images(), index);
      // The generator moves at steps 1, 3 and 5, of which every other is due.
      EXPECT_EQ(logged.contains("path_length"), index == 1 || index == 5) << index;
      if (!logged.contains("path_length")) continue;
      EXPECT_NEAR(state_of(*model).at("path_length.mean").item<double>(),
                  logged.at("path_length_mean"), 1e-9);
      EXPECT_GT(logged.at("path_length_mean"), 0.0);
    }
    EXPECT_EQ(state_of(*model).at("generator_optimizer.step").item<double>(),
              step == "apart" ? 5.0 : 3.0);
    const auto restored = small_model(settings, kImage);
    const auto saved = copy_of_state(*model);
    for (auto& [name, value] : state_of(*restored)) value.detach().copy_(saved.at(name));
    EXPECT_EQ(logged_by_step(*restored, small_images(), 9).at("path_length_mean"),
              logged_by_step(*model, small_images(), 9).at("path_length_mean"));
  }
}

// Adam keeps m = (1 − β) g, so that the gradients of a step with and without it differ by its own.
TEST(PathLength, ChangesTheGeneratorsGradientAndNotTheDiscriminators) {
  auto faint = kStyled;
  faint.replace(faint.find("path_length = 2"), 15, "path_length = 1e-9");
  const auto with = small_model(kStyled, kImage), without = small_model(faint, kImage);
  for (auto* model : {with.get(), without.get()}) logged_by_step(*model, small_images(), 1);
  const auto a = state_of(*with), b = state_of(*without);
  bool moved = false;
  for (const auto& [name, value] : a) {
    if (name.starts_with("discriminator")) {
      EXPECT_TRUE(torch::equal(value, b.at(name))) << name;
    }
    if (!name.starts_with("generator_optimizer") || !name.ends_with(".m")) continue;
    moved = moved || (value - b.at(name)).abs().max().item<double>() > 1e-6;
  }
  EXPECT_TRUE(moved);
}

TEST(PathLength, IsRefusedWhereThereAreNoStyles) {
  const auto refusal = gan_refusal("objective.path_length = 2\n");
  EXPECT_NE(refusal.find("objective.path_length"), std::string::npos);
  EXPECT_NE(refusal.find("\"dcgan\""), std::string::npos);
  EXPECT_NE(gan_refusal("model.network = 'stylegan2'\ntrain.batch_size = 4\n"
                        "objective.path_length = 2\nobjective.path_length_batch_shrink = 8\n")
                .find("objective.path_length_batch_shrink"),
            std::string::npos);
}

}  // namespace
}  // namespace assay
