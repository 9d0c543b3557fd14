// SPDX-License-Identifier: Apache-2.0
// Terms on the aggregate posterior: total correlation, covariance, MMD, and the priors.
#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <algorithm>
#include <cmath>

#include "families/objectives/dip.h"
#include "families/objectives/factor.h"
#include "families/objectives/latent_term.h"
#include "families/objectives/mmd.h"
#include "families/objectives/total_correlation.h"
#include "families/registry.h"
#include "families/vae/prior.h"
#include "families/vae/second_stage.h"

namespace assay {
namespace {

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

// The reference values were computed in float64 by numpy, scipy and scikit-learn on
// i, l = rows 0-3, columns 0-2; z = sin(1 + 2i + 3l), mu = cos(i + l), logvar = sin(i − l) / 2,
// prior draws cos(2i + 5l).
torch::Tensor grid(double offset, double of_row, double of_column) {
  const auto i = torch::arange(4, torch::kDouble).unsqueeze(1);
  const auto l = torch::arange(3, torch::kDouble).unsqueeze(0);
  return offset + of_row * i + of_column * l;
}
torch::Tensor z() { return grid(1, 2, 3).sin(); }
torch::Tensor mu() { return grid(0, 1, 1).cos(); }
torch::Tensor logvar() { return 0.5 * grid(0, 1, -1).sin(); }
torch::Tensor prior_draws() { return grid(0, 2, 5).cos(); }

/// n codes of a Gaussian with unit variances and one correlation.
torch::Tensor correlated(std::int64_t n, double correlation, torch::Generator generator) {
  const auto eps = torch::randn({n, 2}, generator);
  const auto second = correlation * eps.select(1, 0) +
                      std::sqrt(1.0 - correlation * correlation) * eps.select(1, 1);
  return torch::stack({eps.select(1, 0), second}, 1);
}

TEST(KlParts, AreScipysForWeightedSampling) {
  const auto parts = kl_parts(z(), mu(), logvar(), 50, AggregateEstimator::kWeighted);
  EXPECT_NEAR(parts.mutual_information.item<double>(), 3.777629919712323, 1e-10);
  EXPECT_NEAR(parts.total_correlation.item<double>(), 7.557862452712924, 1e-10);
  EXPECT_NEAR(parts.dimension_wise_kl.item<double>(), -12.349215301851194, 1e-10);
}

TEST(KlParts, AreScipysForStratifiedSampling) {
  const auto parts = kl_parts(z(), mu(), logvar(), 50, AggregateEstimator::kStratified);
  EXPECT_NEAR(parts.mutual_information.item<double>(), -0.16413805983987695, 1e-10);
  EXPECT_NEAR(parts.total_correlation.item<double>(), -0.2409257499672024, 1e-10);
  EXPECT_NEAR(parts.dimension_wise_kl.item<double>(), -0.6086591196188685, 1e-10);
}

TEST(KlParts, SumToTheOneSampleEstimateOfTheKl) {
  const auto kl = (log_normal(z(), mu(), logvar()) -
                   log_normal(z(), torch::zeros_like(z()), torch::zeros_like(z())))
                      .sum(1)
                      .mean();
  for (const auto estimator : {AggregateEstimator::kWeighted, AggregateEstimator::kStratified}) {
    const auto parts = kl_parts(z(), mu(), logvar(), 50, estimator);
    const auto sum = parts.mutual_information + parts.total_correlation + parts.dimension_wise_kl;
    EXPECT_NEAR(sum.item<double>(), kl.item<double>(), 1e-10);
  }
}

TEST(KlParts, FindNothingSharedWhenAllPosteriorsAreOne) {
  // q(z) = q(z|x), a product: no information, no correlation. Weighted sampling is off by known
  // constants: log D, and (Z − 1) log D (Chen et al. 2018, appendix C.1).
  const auto m = torch::full({6, 3}, 0.7, torch::kDouble),
             v = torch::full({6, 3}, -0.4, torch::kDouble);
  const auto draws = torch::randn({6, 3}, seeded(1), torch::kDouble);
  const auto stratified = kl_parts(draws, m, v, 20, AggregateEstimator::kStratified);
  EXPECT_NEAR(stratified.mutual_information.item<double>(), 0.0, 1e-12);
  EXPECT_NEAR(stratified.total_correlation.item<double>(), 0.0, 1e-12);
  const auto weighted = kl_parts(draws, m, v, 20, AggregateEstimator::kWeighted);
  EXPECT_NEAR(weighted.mutual_information.item<double>(), std::log(20.0), 1e-12);
  EXPECT_NEAR(weighted.total_correlation.item<double>(), 2.0 * std::log(20.0), 1e-12);
}

TEST(BatchWeights, OfStratifiedSamplingAreUnbiased) {
  // Four images, batches of three that hold image 0 first: over the six orders of the other two,
  // every image weighs 1/4 on average in the row of image 0.
  const auto row =
      log_batch_weights(3, 4, AggregateEstimator::kStratified, torch::kDouble)[0].exp();
  std::vector<double> weight(4, 0.0);
  for (int a = 1; a < 4; ++a) {
    for (int b = 1; b < 4; ++b) {
      if (a == b) continue;
      weight[0] += row[0].item<double>() / 6.0;
      weight[static_cast<std::size_t>(a)] += row[1].item<double>() / 6.0;
      weight[static_cast<std::size_t>(b)] += row[2].item<double>() / 6.0;
    }
  }
  for (const double w : weight) EXPECT_NEAR(w, 0.25, 1e-12);
}

TEST(BatchWeights, RefuseABatchLargerThanTheData) {
  EXPECT_THROW(log_batch_weights(5, 4, AggregateEstimator::kWeighted, torch::kDouble), c10::Error);
}

TEST(PermuteCodes, KeepsEachDimensionAndBreaksTheirTies) {
  const auto codes = correlated(2000, 0.9, seeded(1));
  const auto permuted = permute_codes(codes, seeded(2));
  EXPECT_TRUE(torch::equal(std::get<0>(permuted.sort(0)), std::get<0>(codes.sort(0))));
  // Standard error of a correlation of 2000 independent pairs: 0.022.
  EXPECT_LT(std::abs(torch::corrcoef(permuted.t())[0][1].item<double>()), 0.1);
}

TEST(FactorDiscriminatorLoss, IsLogTwoForAGuessAndSmallForTheRightSide) {
  const auto zeros = torch::zeros({4, 1}), sure = torch::full({4, 1}, 9.0);
  EXPECT_NEAR(factor_discriminator_loss(zeros, zeros).item<double>(), std::log(2.0), 1e-6);
  EXPECT_LT(factor_discriminator_loss(sure, -sure).item<double>(), 1e-3);
}

TEST(FactorDiscriminator, LearnsTheTotalCorrelationOfAGaussian) {
  at::set_num_threads(1);
  const auto definition = resolve_text(R"(family = "vae"
objective.factor_gamma = 1
model.discriminator_widths = [64, 64]
optimizer.discriminator_learning_rate = 3e-3
optimizer.schedule = "linear"
optimizer.discriminator_beta1 = 0.9
optimizer.discriminator_beta2 = 0.999
)",
                                       "here.toml", family_schema, {});
  torch::manual_seed(1);
  const auto factor = factor_penalty().make({.definition = definition, .latent_dim = 2});
  auto noise = seeded(1);
  std::vector<LossTerm> terms;
  for (std::int64_t step = 0; step < 400; ++step) {
    factor->learn(correlated(512, 0.8, noise), {.step = step, .total_steps = 400, .noise = noise},
                  terms);
  }
  // −½ log(1 − ρ²) = 0.511 nats.
  const Posterior unused = {};
  const StepContext last = {.step = 400, .total_steps = 400, .noise = noise};
  const auto estimate = factor->value({unused, correlated(8192, 0.8, noise), {}, last}, terms);
  EXPECT_NEAR(estimate.item<double>(), 0.511, 0.08);
}

TEST(Covariance, IsNumpysAndItsDistanceFromTheIdentity) {
  const auto of_means = mean_covariance(mu());
  EXPECT_NEAR(of_means[0][2].item<double>(), -0.22507034, 1e-8);
  const auto first = distance_from_identity(of_means);
  EXPECT_NEAR(first.off_diagonal.item<double>(), 0.35540548034253716, 1e-12);
  EXPECT_NEAR(first.diagonal.item<double>(), 1.2205966660867436, 1e-12);
  const auto second = distance_from_identity(aggregate_covariance(mu(), logvar()));
  EXPECT_NEAR(second.off_diagonal.item<double>(), 0.35540548034253716, 1e-12);
  EXPECT_NEAR(second.diagonal.item<double>(), 1.1078864068011798, 1e-12);
}

TEST(Mmd, IsScikitLearnsKernelsInTheUnbiasedFormula) {
  const auto mmd = [](MmdKernel kernel, double bandwidth) {
    return mmd_squared(z(), prior_draws(), kernel, bandwidth).item<double>();
  };
  EXPECT_NEAR(mmd(MmdKernel::kGaussian, 1.0), -0.053940386316018385, 1e-10);
  EXPECT_NEAR(mmd(MmdKernel::kGaussian, 0.5), 0.2517088596671157, 1e-10);
  EXPECT_NEAR(mmd(MmdKernel::kInverseMultiquadratic, 1.0), 0.35112802635114626, 1e-10);
  EXPECT_NEAR(mmd(MmdKernel::kInverseMultiquadratic, 0.5), 0.7847840080764765, 1e-10);
}

TEST(Mmd, AveragesToTheClosedFormOfTwoGaussians) {
  // Z = 1, bandwidth 1: k = exp(−d²/2). E k of two N(0,1) draws is 1/√3; with means a apart it is
  // exp(−a²/6)/√3. MMD² = 2/√3 · (1 − exp(−a²/6)), here a = 2.
  auto noise = seeded(1);
  const int repeats = 200;
  double sum = 0.0, squares = 0.0;
  for (int i = 0; i < repeats; ++i) {
    const auto a = torch::randn({64, 1}, noise, torch::kDouble) + 2.0;
    const double value =
        mmd_squared(a, torch::randn({64, 1}, noise, torch::kDouble), MmdKernel::kGaussian, 1.0)
            .item<double>();
    sum += value;
    squares += value * value;
  }
  const double mean = sum / repeats;
  const double error = std::sqrt((squares / repeats - mean * mean) / repeats);
  EXPECT_NEAR(mean, 2.0 / std::sqrt(3.0) * (1.0 - std::exp(-4.0 / 6.0)), 4.0 * error);
}

TEST(LogMixture, IsScipys) {
  const auto log_density = log_mixture(z(), {mu(), logvar()});
  EXPECT_NEAR(log_density[0].item<double>(), -4.69741683, 1e-8);
  EXPECT_NEAR(log_density[3].item<double>(), -4.17240555, 1e-8);
}

TEST(VampPrior, OfOneStandardComponentIsTheStandardNormal) {
  const auto vamp = make_vamp_prior([] {
    return Posterior{torch::zeros({1, 3}, torch::kDouble), torch::zeros({1, 3}, torch::kDouble)};
  });
  const auto standard = make_standard_normal_prior(3);
  const auto eps = torch::randn({4, 3}, seeded(1), torch::kDouble);
  const Posterior posterior{mu(), logvar()};
  EXPECT_TRUE(
      torch::allclose(vamp->log_ratio(posterior, eps), standard->log_ratio(posterior, eps)));
}

TEST(VampPrior, SamplesItsComponentsInEqualShares) {
  // Components at −5 and 5 of standard deviation 0.1.
  const auto vamp = make_vamp_prior([] {
    return Posterior{torch::tensor({{-5.0f}, {5.0f}}), torch::full({2, 1}, 2.0f * std::log(0.1f))};
  });
  const auto draws = vamp->sample(4000, seeded(1));
  const auto right = draws.masked_select(draws > 0);
  EXPECT_NEAR(static_cast<double>(right.numel()) / 4000.0, 0.5, 5.0 * 0.0079);
  EXPECT_NEAR(right.mean().item<double>(), 5.0, 0.02);
  EXPECT_NEAR(right.std().item<double>(), 0.1, 0.01);
}

TEST(SecondStage, LearnsADistributionThatIsNotTheStandardNormal) {
  const auto definition = resolve_text(R"(family = "vae"
optimizer.learning_rate = 3e-3
model.second_stage_widths = [64]
)",
                                       "here.toml", family_schema, {});
  at::set_num_threads(1);
  torch::manual_seed(1);
  SecondStage stage(definition, 2, 0, torch::kCPU);
  EXPECT_FALSE(stage.begun());
  auto noise = seeded(1);
  const auto codes = [&](std::int64_t n) { return 0.5 * correlated(n, 0.9, noise) + 2.0; };
  for (std::int64_t step = 0; step < 1500; ++step) {
    stage.training_step(codes(128), {}, {.step = step, .total_steps = 1500, .noise = noise});
  }
  EXPECT_TRUE(stage.begun());
  const auto samples = stage.sample(4000, {}, seeded(9));
  EXPECT_NEAR(samples.mean().item<double>(), 2.0, 0.1);
  const auto covariance = torch::cov(samples.t());
  EXPECT_NEAR(covariance[0][0].item<double>(), 0.25, 0.05);
  EXPECT_NEAR(covariance[0][1].item<double>(), 0.225, 0.05);
}

// Codes of two classes at ±2, which a second stage of the pooled q(z) would mix.
TEST(SecondStage, LearnsTheCodesOfEachClass) {
  const auto definition = resolve_text(
      "family = \"vae\"\nmodel.second_stage_widths = [8]\noptimizer.learning_rate = 0.02\n",
      "here.toml", family_schema, {});
  torch::manual_seed(1);
  SecondStage stage(definition, 1, 2, torch::kCPU);
  auto noise = seeded(1);
  const auto labels = torch::arange(64, torch::kLong).remainder(2);
  const auto y = torch::one_hot(labels, 2).to(torch::kFloat);
  const auto centres = (4.0 * labels.to(torch::kFloat) - 2.0).unsqueeze(1);
  for (std::int64_t i = 0; i < 400; ++i) {
    const auto z = centres + 0.3 * torch::randn({64, 1}, noise);
    stage.training_step(z, y, {.step = i, .total_steps = 400, .noise = noise});
  }
  const auto of_class = stage.sample(2000, y.repeat({32, 1}).slice(0, 0, 2000), seeded(2));
  const auto pairs = of_class.view({1000, 2});
  EXPECT_TRUE(torch::allclose(pairs.mean(0), torch::tensor({-2.0, 2.0}), 0.0, 0.15))
      << pairs.mean(0);
  EXPECT_TRUE(torch::allclose(pairs.std(0), torch::tensor({0.3, 0.3}), 0.0, 0.1)) << pairs.std(0);
}

TEST(LatentTerms, AreOffUntilTheirOwnKeySaysOtherwise) {
  for (const auto* table : {&kl_terms(), &latent_penalties()}) {
    for (const auto& source : *table) {
      const auto keys = source.keys();
      const auto own = std::find_if(keys.begin(), keys.end(),
                                    [&](const Key& key) { return key.path == source.key; });
      ASSERT_NE(own, keys.end()) << source.key;
      const auto with = [&](const std::string& more) {
        return resolve_text("family = 'vae'\n" + more, "here.toml", family_schema, {});
      };
      EXPECT_FALSE(source.asked_for(with(""))) << source.key;
      const auto on = own->choices.empty() ? "1" : "'" + own->choices.back() + "'";
      EXPECT_TRUE(source.asked_for(with(own->path + " = " + on + "\n"))) << source.key;
    }
  }
}

}  // namespace
}  // namespace assay
