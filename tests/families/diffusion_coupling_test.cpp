// SPDX-License-Identifier: Apache-2.0
// Which noise goes with which example, and the paths between them (Tong et al. 2024).
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "core/error.h"
#include "data/generated.h"
#include "families/diffusion/coupling.h"
#include "families/diffusion/point_source.h"
#include "families/diffusion/sampler.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using torch::Tensor;

TEST(Coupling, OfLeastDistanceOnALineIsInOrder) {
  const auto x0 = torch::randn({50, 1}, seeded(1)), eps = torch::randn({50, 1}, seeded(2));
  const auto paired = couplings().at("minibatch_ot").paired(x0, eps, 0.0, seeded(3));
  const auto ranks = [](const Tensor& x) { return x.flatten().argsort().argsort(); };
  EXPECT_TRUE(torch::equal(ranks(paired), ranks(x0)));
  EXPECT_TRUE(torch::equal(std::get<0>(paired.sort(0)), std::get<0>(eps.sort(0))));
}

TEST(Coupling, OfTwoPairsAnEntropicPlanIsALogit) {
  // Σ P c + reg Σ P log P with marginals ½ of costs (0, c; c, 0): P_ii/P_ij = e^{c/reg}.
  for (const double c : {0.5, 2.0}) {
    const auto plan = entropic_plan(torch::tensor({{0.0, c}, {c, 0.0}}, torch::kDouble), 0.7, 1e-9);
    EXPECT_NEAR(plan.sum().item<double>(), 1.0, 1e-9);
    EXPECT_NEAR((plan[0][0] / plan[0][1]).item<double>(), std::exp(c / 0.7), 1e-6);
    EXPECT_NEAR((plan[0][1] / plan[1][0]).item<double>(), 1.0, 1e-6);
  }
}

TEST(Coupling, AnEntropicPlanHasItsMarginalsAndTheFormOfOne) {
  const auto costs = torch::rand({6, 6}, seeded(1), torch::kDouble);
  const auto plan = entropic_plan(costs, 0.3, 1e-8);
  EXPECT_TRUE(torch::allclose(plan.sum(0), torch::full({6}, 1.0 / 6, torch::kDouble), 0.0, 1e-6));
  EXPECT_TRUE(torch::allclose(plan.sum(1), torch::full({6}, 1.0 / 6, torch::kDouble), 0.0, 1e-6));
  // log P + c/reg is a sum of one number of the row and one of the column (Cuturi 2013, lemma 2).
  const auto potential = plan.log() + costs / 0.3;
  const auto crossed =
      potential - potential.mean(0, true) - potential.mean(1, true) + potential.mean();
  EXPECT_LT(crossed.abs().max().item<double>(), 1e-9);
}

// Costs far beyond what exp(−c/reg) can hold.
TEST(Coupling, AnEntropicPlanOfFarPointsIsTheAssignment) {
  const auto x = torch::arange(6, torch::kDouble).view({6, 1}) * 40.0;
  const auto order = torch::tensor({3, 0, 5, 1, 4, 2}, torch::kLong);
  const auto costs = torch::cdist(x, x.index_select(0, order) + 1.0).square();
  const auto plan = entropic_plan(costs, 0.01, 1e-9) * 6.0;
  EXPECT_TRUE(torch::equal(order.index_select(0, plan.argmax(1)), torch::arange(6, torch::kLong)));
  EXPECT_NEAR(plan.amax(1).min().item<double>(), 1.0, 1e-9);
}

TEST(Coupling, ABridgeDrawsItsPairsFromThePlan) {
  const auto x0 = torch::tensor({-1.0F, 1.0F}).view({2, 1});
  const auto eps = torch::tensor({-0.5F, 0.5F}).view({2, 1});
  const double sd = 1.0;
  const Noise noise(seeded(4));
  double own = 0.0;
  for (int i = 0; i < 2000; ++i) {
    const auto paired = couplings().at("schrodinger_bridge").paired(x0, eps, sd, noise);
    own += (paired == eps).to(torch::kDouble).sum().item<double>();
  }
  // Costs .25 and 2.25, weight 2σ² = 2: odds e^{1}. Five standard errors of 4,000 draws.
  EXPECT_NEAR(own / 4000.0, std::exp(1.0) / (1.0 + std::exp(1.0)), 5.0 * 0.007);
}

TEST(Coupling, APathsSlopeIsThatOfItsWidth) {
  const auto t = torch::tensor({0.2, 0.5, 0.9}, torch::kDouble);
  constexpr double kStep = 1e-6;
  for (const auto* name : {"independent", "schrodinger_bridge"}) {
    const auto& coupling = couplings().at(name);
    const auto below = path_width(coupling, 0.3, t - kStep),
               above = path_width(coupling, 0.3, t + kStep);
    // By s = 1 − t.
    EXPECT_TRUE(torch::allclose(path_width(coupling, 0.3, t).slope,
                                (below.width - above.width) / (2.0 * kStep), 1e-6, 1e-8))
        << name;
  }
  EXPECT_NEAR(path_width(couplings().at("schrodinger_bridge"), 0.3, t).width[1].item<double>(),
              0.15, 1e-12);
}

constexpr std::int64_t kPoints = 6;
constexpr double kOutput = 0.3;

// A flow whose network says .3 whatever it sees.
std::unique_ptr<Trainable> constant_flow(const std::string& more) {
  auto model = small_model(
      "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [8]\n"
      "objective.process = 'ot'\nobjective.prediction = 'velocity'\n"
      "sampler.name = 'euler'\nsampler.spacing = 'trailing'\n"
      "sampler.steps = 4\n" +
          more,
      {2});
  const torch::NoGradGuard no_grad;
  auto state = state_of(*model);
  state.at("network.layer1.weight").zero_();
  state.at("network.layer1.bias").fill_(kOutput);
  return model;
}

TEST(Coupling, TheStepFollowsThePairsAndThePathsOfIts) {
  const Batch batch{torch::randn({kPoints, 2}, seeded(5)), {}};
  struct Setting {
    std::string coupling;
    double sd;
  };
  for (const auto& [coupling, sd] :
       {Setting{"independent", 0.0}, Setting{"independent", 0.5}, Setting{"minibatch_ot", 0.0},
        Setting{"minibatch_ot", 0.5}, Setting{"schrodinger_bridge", 0.5}}) {
    const auto model = constant_flow("objective.coupling = '" + coupling +
                                     "'\nobjective.path_sd = " + std::to_string(sd) + "\n");
    const auto noise = seeded(7);
    const auto u = torch::rand({kPoints}, noise);
    auto eps = torch::randn({kPoints, 2}, noise);
    const auto& rule = couplings().at(coupling);
    if (rule.paired != nullptr) eps = rule.paired(batch.images, eps, sd, noise);
    auto velocity = batch.images - eps;
    if (sd > 0.0) {
      const auto t = 1e-3 + (1.0 - 1e-3) * u.to(torch::kDouble);
      const auto z = torch::randn({kPoints, 2}, noise);
      velocity = velocity + path_width(rule, sd, t).slope.to(torch::kFloat).view({-1, 1}) * z;
    }
    const double right = (velocity - kOutput).square().mean().item<double>();
    EXPECT_NEAR(logged_by_step(*model, batch).at("loss"), right, 1e-5 * right) << coupling << sd;
  }
}

// The rows of moons that noise stands for, by hand.
Tensor of_moons(const Tensor& eps) {
  const auto points = load_moons({.name = "moons"}).train.images;
  const auto share = 0.5 * (1.0 + torch::erf(eps.select(1, 0).to(torch::kDouble) / std::sqrt(2.0)));
  return points.index_select(0, (share * 100000.0).floor().to(torch::kLong));
}

TEST(PointSource, DrawsEveryRowAlike) {
  const auto definition = resolve_text(
      "family = 'diffusion'\nobjective.process = 'ot'\nobjective.prediction = 'velocity'\n"
      "sampler.name = 'euler'\nsampler.spacing = 'trailing'\nobjective.source = 'moons'\n"
      "objective.source_noise = 0.1\nobjective.source_sd = 7.0\n",
      "here.toml", family_schema, {});
  const PointSource source(definition, torch::kCPU);
  const auto drawn = source.at_noise(torch::randn({100000, 2}, seeded(1))).to(torch::kDouble);
  // One mean and one sd over both coordinates: 0 and 7, whatever each has; five standard errors.
  EXPECT_NEAR(drawn.mean().item<double>(), 0.0, 5.0 * 7.0 / std::sqrt(2e5));
  EXPECT_NEAR(drawn.square().mean().sqrt().item<double>(), 7.0, 0.06);
  // Both coordinates are stretched alike.
  const auto plain = load_moons({.name = "moons", .noise = 0.1}).train.images.to(torch::kDouble);
  const auto ratio = [](const Tensor& of) {
    return (of.select(1, 0).std() / of.select(1, 1).std()).item<double>();
  };
  EXPECT_NEAR(ratio(drawn) / ratio(plain), 1.0, 0.02);
  // Equal shares of normal noise: its quantiles go through the rows.
  const auto rows = torch::special_ndtri((torch::arange(100000, torch::kDouble) + 0.5) / 1e5);
  const auto all = source.at_noise(torch::stack({rows, rows}, 1));
  EXPECT_EQ(std::get<0>(torch::unique_dim(all, 0)).size(0), 100000);
}

TEST(PointSource, IsWhereTrainingPathsAndSamplesBegin) {
  const auto model = constant_flow("objective.source = 'moons'\n");
  const Batch batch{torch::randn({kPoints, 2}, seeded(5)), {}};
  const auto noise = seeded(7);
  torch::rand({kPoints}, noise);
  const auto begin = of_moons(torch::randn({kPoints, 2}, noise));
  const double right = (batch.images - begin - kOutput).square().mean().item<double>();
  EXPECT_NEAR(logged_by_step(*model, batch).at("loss"), right, 1e-5 * right);
  const auto untrained = constant_flow("objective.source = 'moons'\n");
  const auto latents = of_moons(draw_diffusion_latents(3, {2}, seeded(3)).noise);
  EXPECT_TRUE(torch::allclose(samples_of(*untrained, 3), latents + kOutput, 1e-5, 1e-5));
  const auto paths = dynamic_cast<GenerativeModel&>(*untrained).path_energies(3, seeded(3));
  EXPECT_TRUE(torch::equal(paths->noise, latents));
  EXPECT_FALSE(dynamic_cast<GenerativeModel&>(*untrained).log_density(batch, 0.1, seeded(1)));
}

TEST(PointSource, IsRefusedOfImagesAndWhereAScoreIsNeeded) {
  const auto refused = [](const std::string& toml, std::vector<std::int64_t> shape) {
    try {
      small_model(
          "family = 'diffusion'\nobjective.process = 'ot'\nobjective.source = 'ring'\n"
          "sampler.spacing = 'trailing'\n" +
              toml,
          std::move(shape));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_THAT(refused("sampler.name = 'euler'\nobjective.prediction = 'velocity'\n", {1, 8, 8}),
              testing::HasSubstr("objective.source is a set of points in the plane"));
  EXPECT_THAT(refused("sampler.name = 'euler'\nobjective.prediction = 'v'\n", {2}),
              testing::HasSubstr("objective.source = \"ring\" is of a velocity"));
}

// A diffusion's path has infinite length: its energy would grow with the steps.
TEST(PathEnergy, IsOfSmoothPathsAlone) {
  const std::string flow =
      "family = 'diffusion'\nobjective.process = 'ot'\nobjective.prediction = 'velocity'\n"
      "sampler.spacing = 'trailing'\nsampler.name = ";
  const auto can = [&](const std::string& sampler) {
    return capabilities_of(resolve_text(flow + sampler, "here.toml", family_schema, {})).paths;
  };
  EXPECT_TRUE(can("'ddim'\nsampler.eta = 0\n"));
  EXPECT_FALSE(can("'ddim'\nsampler.eta = 1\n"));
  EXPECT_FALSE(can("'ancestral'\n"));
}

TEST(PathEnergy, OfAConstantVelocityIsItsSquare) {
  const auto paths = dynamic_cast<GenerativeModel&>(*constant_flow("")).path_energies(3, seeded(1));
  ASSERT_TRUE(paths);
  EXPECT_TRUE(torch::allclose(paths->energy,
                              torch::full({3}, 2.0 * kOutput * kOutput, torch::kDouble), 1e-5));
  EXPECT_TRUE(torch::equal(paths->noise, draw_diffusion_latents(3, {2}, seeded(1)).noise));
}

}  // namespace
}  // namespace assay
