// SPDX-License-Identifier: Apache-2.0
// Losses of GANs against closed forms on given logits: values, and gradients by each logit.
#include <gtest/gtest.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <cmath>
#include <set>

#include "families/gan/adversarial_loss.h"

namespace assay {
namespace {

const AdversarialLoss& loss(const std::string& name) { return adversarial_losses().at(name); }

torch::Tensor logits(std::vector<double> values) {
  return torch::tensor(values, torch::kDouble).view({-1, 1}).requires_grad_();
}

// Each of two logits of real examples and two of generated ones.
struct Logits {
  torch::Tensor real = logits({0.5, -2.0}), generated = logits({-1.5, 3.0});
};

// The value, and that its gradients are `by_real` and `by_generated`.
void expect(const torch::Tensor& value, const Logits& of, double right, std::vector<double> by_real,
            std::vector<double> by_generated) {
  EXPECT_NEAR(value.item<double>(), right, 1e-12);
  value.backward();
  const auto check = [](const torch::Tensor& leaf, const std::vector<double>& by) {
    for (std::size_t i = 0; i < by.size(); ++i) {
      const double found =
          leaf.grad().defined() ? leaf.grad()[static_cast<std::int64_t>(i)].item<double>() : 0.0;
      EXPECT_NEAR(found, by[i], 1e-12) << i;
    }
  };
  check(of.real, by_real);
  check(of.generated, by_generated);
}

double sigma(double logit) { return 1.0 / (1.0 + std::exp(-logit)); }
double softplus(double x) { return std::log1p(std::exp(x)); }

TEST(GanLossForms, LeastSquaresRegressesLabelsZeroAndOne) {
  // ½ ((−0.5)² + (−3)²)/2 + ½ (1.5² + 3²)/2 = 2.3125 + 2.8125; by a logit (l − label)/2.
  const Logits d;
  expect(loss("least_squares").discriminator(d.real, d.generated), d, 5.125, {-0.25, -1.5},
         {-0.75, 1.5});
  // ½ ((−2.5)² + 2²)/2.
  const Logits g;
  expect(loss("least_squares").generator(g.generated, {}), g, 2.5625, {0, 0}, {-1.25, 1.0});
}

// The same of p = σ(l): by a logit (p − label) p (1 − p)/2.
TEST(GanLossForms, LeastSquaresOfTheSigmoidRegressesProbabilities) {
  const auto by = [](double logit, double label) {
    const double p = sigma(logit);
    return 0.5 * (p - label) * p * (1.0 - p);
  };
  const auto half_square = [](double logit, double label) {
    return 0.25 * (sigma(logit) - label) * (sigma(logit) - label);
  };
  const Logits d;
  expect(loss("least_squares_of_sigmoid").discriminator(d.real, d.generated), d,
         half_square(0.5, 1) + half_square(-2.0, 1) + half_square(-1.5, 0) + half_square(3.0, 0),
         {by(0.5, 1), by(-2.0, 1)}, {by(-1.5, 0), by(3.0, 0)});
  const Logits g;
  expect(loss("least_squares_of_sigmoid").generator(g.generated, {}), g,
         half_square(-1.5, 1) + half_square(3.0, 1), {0, 0}, {by(-1.5, 1), by(3.0, 1)});
}

TEST(GanLossForms, WassersteinIsTheDifferenceOfMeans) {
  const Logits d;  // 0.75 − (−0.75)
  expect(loss("wasserstein").discriminator(d.real, d.generated), d, 1.5, {-0.5, -0.5}, {0.5, 0.5});
  const Logits g;
  expect(loss("wasserstein").generator(g.generated, {}), g, -0.75, {0, 0}, {-0.5, -0.5});
}

TEST(GanLossForms, HingeIsFlatBeyondTheMarginForTheDiscriminatorAlone) {
  const Logits d;  // (0.5 + 3)/2 + (0 + 4)/2: the logit −1.5 is beyond its margin
  expect(loss("hinge").discriminator(d.real, d.generated), d, 3.75, {-0.5, -0.5}, {0, 0.5});
  const Logits g;
  expect(loss("hinge").generator(g.generated, {}), g, -0.75, {0, 0}, {-0.5, -0.5});
}

TEST(GanLossForms, RelativisticComparesPairByPair) {
  // Differences 2 and −5: (softplus(−2) + softplus(5))/2; by the real logit −σ(−difference)/2.
  const Logits d;
  const double a = -sigma(-2.0) / 2.0, b = -sigma(5.0) / 2.0;
  expect(loss("relativistic").discriminator(d.real, d.generated), d,
         (softplus(-2.0) + softplus(5.0)) / 2.0, {a, b}, {-a, -b});
  const Logits g;
  const double c = sigma(2.0) / 2.0, e = sigma(-5.0) / 2.0;
  expect(loss("relativistic").generator(g.generated, g.real), g,
         (softplus(2.0) + softplus(-5.0)) / 2.0, {c, e}, {-c, -e});
}

TEST(GanLossForms, RelativisticAverageComparesWithTheOthersMean) {
  // r = real − 0.75 = {−0.25, −2.75}, g = generated + 0.75 = {−0.75, 3.75}.
  const std::vector<double> r = {-0.25, -2.75}, g = {-0.75, 3.75};
  const auto half_mean = [](double a, double b, double c, double d) { return (a + b + c + d) / 4; };
  const Logits d;
  // By real_i: −σ(−r_i)/4 − mean_j σ(g_j)/4 · 2/2, by generated_j: σ(g_j)/4 + mean_i σ(−r_i)/4.
  const double mean_r = (sigma(-r[0]) + sigma(-r[1])) / 2, mean_g = (sigma(g[0]) + sigma(g[1])) / 2;
  expect(loss("relativistic_average").discriminator(d.real, d.generated), d,
         half_mean(softplus(-r[0]), softplus(-r[1]), softplus(g[0]), softplus(g[1])),
         {-(sigma(-r[0]) + mean_g) / 4, -(sigma(-r[1]) + mean_g) / 4},
         {(sigma(g[0]) + mean_r) / 4, (sigma(g[1]) + mean_r) / 4});
  const Logits of;
  const double up_r = (sigma(r[0]) + sigma(r[1])) / 2, up_g = (sigma(-g[0]) + sigma(-g[1])) / 2;
  expect(loss("relativistic_average").generator(of.generated, of.real), of,
         half_mean(softplus(r[0]), softplus(r[1]), softplus(-g[0]), softplus(-g[1])),
         {(sigma(r[0]) + up_g) / 4, (sigma(r[1]) + up_g) / 4},
         {-(sigma(-g[0]) + up_r) / 4, -(sigma(-g[1]) + up_r) / 4});
}

TEST(GanLossForms, AGeneratorThatIsFoundOutKeepsAGradientUnlessItsLossSaturates) {
  const std::set<std::string> saturate = {"minimax", "least_squares_of_sigmoid"};
  for (const auto& name : adversarial_losses().names()) {
    auto lost = torch::full({1, 1}, -30.0, torch::kDouble).requires_grad_();
    loss(name).generator(lost, torch::full({1, 1}, 30.0, torch::kDouble)).backward();
    const double gradient = lost.grad().item<double>();
    if (saturate.contains(name)) {
      EXPECT_LT(std::abs(gradient), 1e-12);
    } else {
      EXPECT_LE(gradient, -0.49) << name;  // half of it with half of the relativistic average
    }
  }
}

TEST(GanLossForms, OnlyDifferencesMatterWhereTheLossHasNoBoundary) {
  const Logits d;
  for (const auto& name : adversarial_losses().names()) {
    const auto at = [&](double shift) {
      return loss(name).discriminator(d.real + shift, d.generated + shift).item<double>();
    };
    EXPECT_EQ(std::abs(at(2.0) - at(0.0)) < 1e-12, !loss(name).boundary.has_value()) << name;
  }
}

}  // namespace
}  // namespace assay
