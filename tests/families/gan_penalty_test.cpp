// SPDX-License-Identifier: Apache-2.0
// Penalties of a GAN's discriminator: closed forms, and finite differences on the networks that
// discriminators are made of.
#include <gtest/gtest.h>
#include <torch/nn/modules/linear.h>

#include <cmath>

#include "families/gan/architecture.h"
#include "families/gan/critic_penalty.h"
#include "kernels/convolution/convolution.h"
#include "tests/families/small_gan.h"

namespace assay {
namespace {

using Critic = std::function<torch::Tensor(const torch::Tensor&)>;

const torch::TensorOptions kF64 = torch::kDouble;

CriticView view_of(const Critic& critic, const torch::Tensor& real, const torch::Tensor& generated,
                   const std::vector<torch::Tensor>& parameters, const Noise& noise) {
  return {[critic](const torch::Tensor& x, const torch::Tensor&) { return critic(x); }, real,
          generated, parameters, noise};
}

double value_of(const std::string& name, const Critic& critic, const torch::Tensor& real,
                const torch::Tensor& generated) {
  const Noise noise(seeded(4));
  const std::vector<torch::Tensor> parameters;
  return critic_penalties()
      .at(name)
      .value(view_of(critic, real, generated, parameters, noise))
      .item<double>();
}

// D(x) = 3 x₁ + 4 x₂, whose slope is 5 everywhere.
torch::Tensor linear_critic(const torch::Tensor& x) {
  return torch::mm(x, torch::tensor({{3.0}, {4.0}}, kF64));
}

// D(x) = ½‖x‖², whose slope at x is ‖x‖.
torch::Tensor bowl(const torch::Tensor& x) {
  return 0.5 * x.flatten(1).square().sum(1, /*keepdim=*/true);
}

TEST(GanPenalty, OfALinearCriticIsItsClosedForm) {
  const auto real = torch::randn({6, 2}, seeded(1), kF64);
  const auto generated = torch::randn({6, 2}, seeded(2), kF64);
  const auto of = [&](const std::string& name) {
    return value_of(name, linear_critic, real, generated);
  };
  EXPECT_NEAR(of("gradient_penalty"), 16.0, 1e-9);  // (5 − 1)²: with λ = 10, 160
  EXPECT_NEAR(of("one_sided_gradient_penalty"), 16.0, 1e-9);
  EXPECT_NEAR(of("dragan"), 16.0, 1e-9);
  EXPECT_NEAR(of("r1"), 12.5, 1e-12);  // 5²/2
  EXPECT_NEAR(of("r2"), 12.5, 1e-12);
}

// σ' = D (1 − D): the slope 5 of a logit l is 5 σ(l) (1 − σ(l)) of its sigmoid. R1 stays of logits.
TEST(GanPenalty, IsOfAnotherSlopeAndOfSigmoidsIfAskedFor) {
  const auto real = torch::randn({6, 2}, seeded(1), kF64);
  const auto d = linear_critic(real).sigmoid();
  const Noise noise(seeded(4));
  const std::vector<torch::Tensor> parameters;
  const auto of = [&](const std::string& name, PenalisedSlope slope) {
    auto view = view_of(linear_critic, real, real, parameters, noise);
    view.slope = slope;
    return critic_penalties().at(name).value(view).item<double>();
  };
  const auto of_sigmoid = (5.0 * d * (1.0 - d) - 0.5).square().mean().item<double>();
  // Between an example and itself lies the example.
  EXPECT_NEAR(of("gradient_penalty", {.target = 0.5, .of_logits = false}), of_sigmoid, 1e-9);
  for (const auto* name : {"gradient_penalty", "one_sided_gradient_penalty", "dragan"}) {
    EXPECT_NEAR(of(name, {.target = 2.0}), 9.0, 1e-9) << name;  // (5 − 2)²
  }
  EXPECT_NEAR(of("r1", {.target = 2.0, .of_logits = false}), 12.5, 1e-12);
}

// x + δ, δ ~ N(0, c): of the bowl ½‖x‖² at x = 0 the slope is ‖δ‖, E(‖δ‖ − 0)² = 2c in a plane.
TEST(GanPenalty, DragansNoiseIsNormalIfAskedFor) {
  const auto real = torch::zeros({20'000, 2}, kF64);
  const Noise noise(seeded(4));
  const std::vector<torch::Tensor> parameters;
  auto view = view_of(bowl, real, real, parameters, noise);
  view.slope = {.target = 0.0, .dragan_variance = 3.0};
  // ‖δ‖²/c is χ² of two: sd 2c an example.
  EXPECT_NEAR(critic_penalties().at("dragan").value(view).item<double>(), 6.0, 4 * 6.0 / 141.0);
  view.slope.dragan_variance = 0.0;  // the sd of what is all the same is 0
  EXPECT_NEAR(critic_penalties().at("dragan").value(view).item<double>(), 0.0, 1e-9);
}

TEST(GanPenalty, OfOneSideLeavesGentleSlopesAlone) {
  const auto x = torch::randn({6, 2}, seeded(1), kF64);
  const Critic gentle = [](const torch::Tensor& at) { return 0.1 * linear_critic(at); };
  EXPECT_NEAR(value_of("gradient_penalty", gentle, x, x), 0.25, 1e-9);  // (0.5 − 1)²
  EXPECT_EQ(value_of("one_sided_gradient_penalty", gentle, x, x), 0.0);
}

// Images too: one share and one norm for an example, whatever its shape.
TEST(GanPenalty, LooksWhereThePaperSays) {
  for (const auto& shape : std::vector<std::vector<std::int64_t>>{{5, 2}, {5, 3, 4, 4}}) {
    const auto real = torch::randn(shape, seeded(1), kF64);
    const auto generated = torch::randn(shape, seeded(2), kF64) + 2.0;
    std::vector<std::int64_t> of_each(shape.size(), 1);
    of_each[0] = 5;
    const auto norms = [](const torch::Tensor& x) { return x.flatten(1).norm(2, {1}); };
    const auto noise = seeded(4);
    const auto share = torch::rand(of_each, noise, kF64);
    const auto between = share * real + (1.0 - share) * generated;
    EXPECT_NEAR(value_of("gradient_penalty", bowl, real, generated),
                (norms(between) - 1.0).square().mean().item<double>(), 1e-9);
    EXPECT_NEAR(value_of("one_sided_gradient_penalty", bowl, real, generated),
                (norms(between) - 1.0).clamp_min(0.0).square().mean().item<double>(), 1e-9);
    EXPECT_NEAR(value_of("r1", bowl, real, generated),
                0.5 * norms(real).square().mean().item<double>(), 1e-9);
    EXPECT_NEAR(value_of("r2", bowl, real, generated),
                0.5 * norms(generated).square().mean().item<double>(), 1e-9);
    const auto beta = torch::rand(shape, noise, kF64);
    const double sd = std::sqrt((real - real.mean()).square().mean().item<double>());
    EXPECT_NEAR(value_of("dragan", bowl, real, generated),
                (norms(real + share * 0.5 * sd * beta) - 1.0).square().mean().item<double>(), 1e-9);
  }
}

// Of (2 0 0; 0 1 0; 0 1 1), W Wᵀ − I = (3 0 0; 0 0 1; 0 1 1): 9 + 1 + 1 + 1. The filter (1 1) is
// one row: (2 − 1)².
TEST(GanPenalty, OrthogonalIsTheDistanceOfRowsFromAnOrthonormalBasis) {
  const Noise noise(seeded(4));
  const auto matrix = torch::tensor({{2.0, 0.0, 0.0}, {0.0, 1.0, 0.0}, {0.0, 1.0, 1.0}}, kF64);
  const auto filter = torch::ones({1, 1, 1, 2}, kF64), bias = torch::full({3}, 7.0, kF64);
  const auto of = [&](const std::vector<torch::Tensor>& parameters) {
    const auto view = view_of(linear_critic, {}, {}, parameters, noise);
    return critic_penalties().at("orthogonal").value(view).item<double>();
  };
  EXPECT_NEAR(of({matrix, bias}), 12.0, 1e-12);
  EXPECT_NEAR(of({filter}), 1.0, 1e-12);
  EXPECT_NEAR(of({matrix, filter, bias}), 13.0, 1e-12);
  EXPECT_NEAR(of({torch::eye(3, kF64).slice(0, 0, 2)}), 0.0, 1e-12);
}

// Pixel (i, j) of example n holds 100 n + 16 i + j; D reads the first pixel, so that D(T(x)) tells
// where it came from.
TEST(GanPenalty, ConsistencyIsTheSquaredChangeUnderFlipsAndShifts) {
  const auto pixels = torch::arange(16 * 16, kF64).view({1, 1, 16, 16});
  const auto images = torch::cat({pixels, pixels + 100.0, pixels + 200.0, pixels + 300.0});
  const Critic first_pixel = [](const torch::Tensor& x) { return x.select(3, 0).select(2, 0); };
  const auto noise = seeded(4);
  const auto drawn = [&] { return torch::rand({4, 1}, noise, kF64); };
  // Up to 16/8 = 2 pixels either way: five shifts; before the edge it is mirrored.
  const auto flips = drawn(), rows = (drawn() * 5).floor() - 2, columns = (drawn() * 5).floor() - 2;
  double expected = 0.0;
  for (int n = 0; n < 4; ++n) {
    const double row = std::abs(rows[n].item<double>());
    const double column = std::abs(columns[n].item<double>());
    const double change = 16.0 * row + (flips[n].item<double>() < 0.5 ? 15.0 - column : column);
    expected += change * change / 4.0;
  }
  EXPECT_GT(expected, 0.0);
  const auto other = torch::zeros_like(images);
  EXPECT_NEAR(value_of("consistency", first_pixel, images, other), expected, 1e-9);
  EXPECT_NEAR(value_of("generated_consistency", first_pixel, other, images), expected, 1e-9);
  EXPECT_NEAR(value_of("consistency", first_pixel, other, images), 0.0, 1e-12);
}

// Cross-entropy against the label 0.9 itself.
TEST(GanPenalty, LabelSmoothingMakesTheLabelOfRealExamplesSmaller) {
  const auto real = torch::randn({6, 2}, seeded(1), kF64);
  const auto generated = torch::randn({6, 2}, seeded(2), kF64);
  const auto d = [](const torch::Tensor& x) { return linear_critic(x).sigmoid(); };
  const auto smoothed = -(0.9 * d(real).log() + 0.1 * (1.0 - d(real)).log()).mean() -
                        (1.0 - d(generated)).log().mean();
  const auto hard = -d(real).log().mean() - (1.0 - d(generated)).log().mean();
  EXPECT_NEAR(
      hard.item<double>() + 0.1 * value_of("label_smoothing", linear_critic, real, generated),
      smoothed.item<double>(), 1e-9);
}

TEST(GanPenalty, OfAFlatCriticIsFiniteAndSoIsItsGradient) {
  auto w = torch::zeros({2, 1}, kF64).requires_grad_();
  const std::vector<torch::Tensor> parameters = {w};
  const auto x = torch::randn({4, 2}, seeded(1), kF64);
  const Critic flat = [&](const torch::Tensor& at) { return torch::mm(at, w); };
  for (const auto& name : critic_penalties().names()) {
    w.mutable_grad().reset();
    const Noise noise(seeded(4));
    if (critic_penalties().at(name).of_images) continue;
    critic_penalties().at(name).value(view_of(flat, x, x, parameters, noise)).backward();
    EXPECT_TRUE(torch::isfinite(w.grad()).all().item<bool>()) << name;
  }
}

/// A discriminator, and batches for it.
struct Setting {
  std::string toml;
  std::vector<std::int64_t> example;
};

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      {"model.network = 'mlp'\nmodel.discriminator_widths = [6, 5]\n", {2}},
      {"model.network = 'mlp'\nmodel.discriminator_widths = [6]\nmodel.maxout_pieces = 3\n", {2}},
      {"model.network = 'mlp'\nmodel.discriminator_widths = [6]\nmodel.spectral_norm = true\n",
       {2}},
      {"model.generator_channels = [16]\nmodel.discriminator_channels = [16, 32]\n"
       "model.discriminator_norm = 'none'\n",
       {1, 16, 16}},
      {"model.generator_channels = [8]\nmodel.discriminator_channels = [8, 8]\n"
       "model.discriminator_norm = 'layer'\n",
       {1, 8, 8}},
  };
  return all;
}

Sequential discriminator_of(const Setting& setting) {
  const auto definition =
      resolve_text("family = 'gan'\nmodel.latent_dim = 2\nmodel.initial_sd = 0.5\n" + setting.toml,
                   "here.toml", family_schema, {});
  torch::manual_seed(1);
  auto network = gan_architectures()
                     .of(definition, "model.network")
                     .discriminator({definition, setting.example});
  const torch::NoGradGuard no_grad;
  for (auto& parameter : network->parameters()) parameter.mul_(2.0);  // slopes above 1
  network->eval();  // power iteration would move between two differences
  return network;
}

struct Penalised {
  Sequential network;
  torch::Tensor real, generated;
  const std::string& name;

  torch::Tensor value() {
    const Noise noise(seeded(4));
    const Critic critic = [this](const torch::Tensor& x) { return network->forward(x); };
    const auto parameters = network->parameters();
    return critic_penalties().at(name).value(view_of(critic, real, generated, parameters, noise));
  }
};

// The same numbers in f32 and f64: draws of the two types differ, so the shares would.
Penalised penalised(const Setting& setting, const std::string& name) {
  auto sizes = setting.example;
  sizes.insert(sizes.begin(), 4);
  return {discriminator_of(setting), torch::randn(sizes, seeded(1)), torch::randn(sizes, seeded(2)),
          name};
}

TEST(GanPenalty, HasTheGradientOfFiniteDifferencesByEveryWeight) {
  for (const auto& setting : settings()) {
    for (const auto& name : critic_penalties().names()) {
      if (critic_penalties().at(name).of_images && setting.example.size() != 3) continue;
      auto of = penalised(setting, name);
      of.network->to(torch::kDouble);
      of.real = of.real.to(torch::kDouble);
      of.generated = of.generated.to(torch::kDouble);
      of.value().backward();
      for (auto& item : of.network->named_parameters()) {
        auto flat = item.value().detach().flatten();  // a view: all are contiguous
        const auto gradient =
            item.value().grad().defined() ? item.value().grad().flatten() : torch::zeros_like(flat);
        for (std::int64_t i = 0; i < flat.numel();
             i += std::max<std::int64_t>(1, flat.numel() / 9)) {
          const double step = 1e-6, here = flat[i].item<double>();
          const auto at = [&](double weight) {
            flat[i] = weight;
            return of.value().item<double>();
          };
          const double slope = (at(here + step) - at(here - step)) / (2.0 * step);
          flat[i] = here;
          EXPECT_NEAR(gradient[i].item<double>(), slope, 1e-5 * (1.0 + std::abs(slope)))
              << setting.toml << name << " " << item.key() << " " << i;
        }
      }
    }
  }
}

// Where draws change nothing, so that f64 sees the same: R1 and R2 have none; between an example
// and itself lies the example; and DRAGAN's noise scales with the sd of the batch, 0 of one value.
Penalised undrawn(const Setting& setting, const std::string& name) {
  auto of = penalised(setting, name);
  if (name.ends_with("gradient_penalty")) of.generated = of.real;
  if (name == "dragan") of.real.fill_(0.3);
  return of;
}

void expect_gradient_of_f64(const Setting& setting, const std::string& name) {
  auto trained = undrawn(setting, name), exact = undrawn(setting, name);
  exact.network->to(torch::kDouble);
  exact.real = exact.real.to(torch::kDouble);
  exact.generated = exact.generated.to(torch::kDouble);
  trained.value().backward();
  exact.value().backward();
  const auto ours = trained.network->parameters(), right = exact.network->parameters();
  for (std::size_t i = 0; i < ours.size(); ++i) {
    if (!right[i].grad().defined()) continue;
    const double largest = right[i].grad().abs().max().item<double>();
    EXPECT_TRUE(
        torch::allclose(ours[i].grad().to(torch::kDouble), right[i].grad(), 1e-3, 1e-4 * largest))
        << setting.toml << name << " of weight " << i << ": "
        << (ours[i].grad() - right[i].grad()).abs().max().item<double>() << " of " << largest;
  }
}

// What trains is f32, on kernels of our own: linear layers, and convolutions in either mode.
TEST(GanPenalty, HasTheSameGradientOnTheKernelsThatTrain) {
  for (const auto mode : {ConvolutionMode::kExact, ConvolutionMode::kWinograd}) {
    const ConvolutionModeScope scope(mode);
    auto all = settings();
    all.push_back(
        {"model.network = 'stylegan2'\nmodel.style_channel_base = 256\n"
         "model.style_channel_max = 32\nmodel.minibatch_stddev = 0\n",
         {1, 16, 16}});
    for (const auto& setting : all) {
      for (const std::string name :
           {"r1", "r2", "gradient_penalty", "one_sided_gradient_penalty", "dragan"}) {
        expect_gradient_of_f64(setting, name);
      }
    }
  }
}

TEST(GanRegularisers, ALazyPenaltyIsDueAtEveryKthStepAndCountsKTimes) {
  // With D(x) = w·x + c, R1 is γ/2 ‖w‖²: its gradient, k γ w, is what the step's has more.
  const auto first_moment = [](std::int64_t index, const std::string& more, double* logged) {
    const auto model = small_model(kAffineGan + more, {2});
    const auto terms = logged_by_step(*model, real_points(7), index);
    *logged = terms.contains("r1") ? terms.at("r1") : -1.0;
    return copy_of_state(*model).at("discriminator_optimizer.1.weight.m") / 0.1;  // 1 − β1
  };
  double value = 0.0;
  const auto w = copy_of_state(*small_model(kAffineGan, {2})).at("discriminator.1.weight");
  const std::string lazy = "objective.r1 = 3\nobjective.penalty_interval = 4\n";
  for (const std::int64_t index : {0, 3, 4, 6}) {
    const auto plain = first_moment(index, "", &value), more = first_moment(index, lazy, &value);
    const bool due = index % 4 == 0;
    EXPECT_TRUE(torch::allclose(more - plain, (due ? 4.0 * 3.0 : 0.0) * w, 1e-4, 1e-5)) << index;
    EXPECT_NEAR(value, due ? 1.5 * w.square().sum().item<double>() : -1.0, 1e-5) << index;
  }
}

// A label is 1 − ε at every step: never 1 at one and 1 − kε at the next.
TEST(GanRegularisers, SmoothedLabelsAreNotLazy) {
  const std::string smooth = "objective.label_smoothing = 0.1\n";
  for (const std::int64_t index : {0, 1, 4}) {
    const auto moment = [&](const std::string& more) {
      const auto model = small_model(kAffineGan + more, {2});
      const auto terms = logged_by_step(*model, real_points(7), index);
      EXPECT_EQ(terms.contains("label_smoothing"), more.find("label") != std::string::npos);
      return copy_of_state(*model).at("discriminator_optimizer.1.weight.m");
    };
    const std::string lazy = "objective.r1 = 3\nobjective.penalty_interval = 4\n";
    const auto of_smoothing = moment(smooth) - moment("");
    EXPECT_GT(of_smoothing.abs().max().item<double>(), 1e-3);
    EXPECT_TRUE(torch::allclose(moment(smooth + lazy) - moment(lazy), of_smoothing, 1e-4, 1e-6))
        << index;
  }
}

// With R1 apart the label's step is the loss's; the penalty's is R1's alone, 4 · 3 · w.
TEST(GanRegularisers, SmoothedLabelsStayWithTheLossWhereR1IsApart) {
  const std::string apart =
      "objective.label_smoothing = 0.1\nobjective.r1 = 3\nobjective.penalty_interval = 4\n"
      "objective.penalty_step = 'apart'\noptimizer.beta1 = 0\n";
  const auto model = small_model(kAffineGan + apart, {2});
  logged_by_step(*model, real_points(7), 0);
  const auto after = copy_of_state(*model);
  EXPECT_EQ(after.at("discriminator_optimizer.1.bias.m").abs().max().item<double>(), 0.0);
  EXPECT_NE(gan_refusal("objective.label_smoothing = 0.1\nobjective.penalty_step = 'apart'\n"), "");
}

TEST(GanRegularisers, PenaltiesAddUpAndLeaveTheLoggedLossAlone) {
  const auto plain = logged_by_step(*small_model(kAffineGan, {2}), real_points(7));
  const auto both = logged_by_step(
      *small_model(kAffineGan + std::string("objective.r1 = 3\nobjective.r2 = 5\n"), {2}),
      real_points(7));
  EXPECT_EQ(plain.at("discriminator_loss"), both.at("discriminator_loss"));
  EXPECT_NEAR(both.at("r1") / 3.0, both.at("r2") / 5.0, 1e-6);
}

TEST(GanRegularisers, TheDiscriminatorsWeightsAreClippedAfterItsStep) {
  const auto model = small_model(
      kAffineGan + std::string("objective.loss = 'wasserstein'\nobjective.weight_clip = 0.01\n"),
      {2});
  const auto start = copy_of_state(*model).at("discriminator.1.weight");
  logged_by_step(*model, real_points(7));
  const auto after = copy_of_state(*model);
  // Weights of sd 0.5 are beyond the bound and a step of 1e-3 brings none of them back.
  EXPECT_TRUE(torch::equal(after.at("discriminator.1.weight"), 0.01 * start.sign()));
  EXPECT_GT(after.at("generator.0.weight").abs().min().item<float>(), 0.01F);
}

TEST(GanRegularisers, AGeneratorThatComparesIsShownTheRealBatch) {
  const auto model =
      small_model(kAffineGan + std::string("objective.loss = 'relativistic'\n"), {2});
  const auto before = copy_of_state(*model);
  const auto logged = logged_by_step(*model, real_points(7));
  const auto after = copy_of_state(*model);
  const auto drawn =
      torch::mm(torch::randn({7, 3}, seeded(7)), before.at("generator.0.weight").t()) +
      before.at("generator.0.bias");
  const auto difference =
      torch::mm(drawn - real_points(7).images, after.at("discriminator.1.weight").t());
  EXPECT_NEAR(logged.at("generator_loss"),
              torch::log1p(torch::exp(-difference)).mean().item<double>(), 1e-5);
}

}  // namespace
}  // namespace assay
