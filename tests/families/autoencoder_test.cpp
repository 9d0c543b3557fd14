// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <map>

#include "core/error.h"
#include "families/autoencoder/autoencoder_network.h"
#include "families/autoencoder/contraction.h"
#include "families/autoencoder/corruption.h"
#include "families/autoencoder/gaussian_mixture.h"
#include "families/autoencoder/sparsity.h"
#include "families/registry.h"

namespace assay {
namespace {

using ::testing::HasSubstr;

torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

TEST(Corruption, GaussianAddsNoiseOfItsSigma) {
  const auto clean = torch::full({100000}, 0.3);
  const auto noise = add_gaussian_noise(clean, 0.5, seeded(1)) - clean;
  // Standard errors: 0.5/√1e5 = .0016 of the mean, .0011 of the deviation.
  EXPECT_NEAR(noise.mean().item<double>(), 0.0, 0.008);
  EXPECT_NEAR(noise.std().item<double>(), 0.5, 0.006);
}

TEST(Corruption, MaskingBlackensItsShareAndLeavesTheRest) {
  const auto clean = torch::full({100000}, 0.3);
  const auto masked = mask(clean, 0.25, seeded(1));
  const auto black = masked == -1.0;
  EXPECT_NEAR(black.to(torch::kDouble).mean().item<double>(), 0.25, 0.007);
  EXPECT_TRUE((masked == clean).logical_or(black).all().item<bool>());
}

TEST(Corruption, SaltAndPepperOverwritesItsShareWithBothInEqualParts) {
  const auto clean = torch::full({100000}, 0.3);
  const auto noisy = salt_and_pepper(clean, 0.4, seeded(1));
  EXPECT_NEAR((noisy == -1.0).to(torch::kDouble).mean().item<double>(), 0.2, 0.007);
  EXPECT_NEAR((noisy == 1.0).to(torch::kDouble).mean().item<double>(), 0.2, 0.007);
  EXPECT_NEAR((noisy == clean).to(torch::kDouble).mean().item<double>(), 0.6, 0.008);
}

TEST(Sparsity, L1IsTheMeanNorm) {
  const auto codes = torch::tensor({{1.0, -2.0}, {0.5, 0.5}});
  EXPECT_NEAR(l1_sparsity(codes).item<double>(), (3.0 + 1.0) / 2.0, 1e-6);
}

TEST(Sparsity, KlIsZeroAtItsTargetAndTheBernoulliKlElsewhere) {
  // Unit means 0.05 and 0.5.
  const auto codes = torch::tensor({{0.02, 0.4}, {0.08, 0.6}}, torch::kDouble);
  const double kl = 0.05 * std::log(0.05 / 0.5) + 0.95 * std::log(0.95 / 0.5);
  EXPECT_NEAR(kl_sparsity(codes, 0.05).item<double>(), kl, 1e-12);
}

TEST(Sparsity, KeepLargestZeroesTheRestAndTheirGradients) {
  auto codes = torch::tensor({{1.0, 3.0, 2.0}, {5.0, -4.0, -6.0}}).requires_grad_();
  const auto kept = keep_largest(codes, 2);
  EXPECT_TRUE(torch::equal(kept, torch::tensor({{0.0, 3.0, 2.0}, {5.0, -4.0, 0.0}})));
  kept.sum().backward();
  EXPECT_TRUE(torch::equal(codes.grad(), torch::tensor({{0.0, 1.0, 1.0}, {1.0, 1.0, 0.0}})));
}

AutoencoderNetworkOptions one_sigmoid_layer() {
  AutoencoderNetworkOptions options;
  options.layers.kind = EncoderDecoderKind::kMlp;
  options.layers.image_shape = {1, 3, 3};
  options.layers.latent_dim = 4;
  options.layers.activation = "tanh";
  options.code_activation = "sigmoid";
  return options;
}

// ‖J‖²_F of one image from central differences of its values.
double finite_difference_contraction(AutoencoderNetwork& network, const torch::Tensor& image) {
  constexpr double kStep = 1e-5;
  double sum = 0.0;
  for (std::int64_t i = 0; i < image.numel(); ++i) {
    auto up = image.clone(), down = image.clone();
    up.view({-1})[i] += kStep;
    down.view({-1})[i] -= kStep;
    const auto slope = (network->encode(up) - network->encode(down)) / (2.0 * kStep);
    sum += slope.square().sum().item<double>();
  }
  return sum;
}

TEST(Contraction, OfASigmoidLayerAgreesWithAutogradAndFiniteDifferences) {
  torch::manual_seed(1);
  AutoencoderNetwork network(one_sigmoid_layer());
  network->to(torch::kDouble);
  const auto images = torch::rand({2, 1, 3, 3}, seeded(1), torch::kDouble).requires_grad_();
  const auto codes = network->encode(images);
  const double closed = sigmoid_contraction(codes, *network->only_weight()).item<double>();
  EXPECT_NEAR(exact_contraction(codes, images).item<double>(), closed, 1e-12);
  const torch::NoGradGuard no_grad;
  const double differences = 0.5 * (finite_difference_contraction(network, images.slice(0, 0, 1)) +
                                    finite_difference_contraction(network, images.slice(0, 1, 2)));
  EXPECT_NEAR(differences, closed, 1e-7);
}

TEST(Contraction, NormsOfImagesAverageToThePenaltyAndAgreeWithEachOther) {
  torch::manual_seed(1);
  AutoencoderNetwork network(one_sigmoid_layer());
  network->to(torch::kDouble);
  const auto images = torch::rand({3, 1, 3, 3}, seeded(1), torch::kDouble).requires_grad_();
  const auto codes = network->encode(images);
  const auto closed = sigmoid_squared_norms(codes, *network->only_weight());
  const auto exact = exact_squared_norms(codes, images);
  EXPECT_EQ(exact.sizes(), (at::IntArrayRef{3}));
  EXPECT_FALSE(exact.requires_grad());
  EXPECT_TRUE(torch::allclose(exact, closed, 0, 1e-12));
  EXPECT_NEAR(exact.mean().item<double>(), exact_contraction(codes, images).item<double>(), 1e-12);
  const torch::NoGradGuard no_grad;
  EXPECT_NEAR(finite_difference_contraction(network, images.slice(0, 2, 3)),
              exact[2].item<double>(), 1e-7);
}

// One sigmoid layer (closed form), k-sparse codes, a deep encoder, and a VAE's posterior means.
TEST(JacobianNorms, OfModelsAgreeWithFiniteDifferencesOfTheirCodes) {
  const std::string one_layer =
      "family = \"autoencoder\"\nmodel.network = \"mlp\"\nmodel.hidden_widths = []\n"
      "model.code_activation = \"sigmoid\"\n";
  for (const std::string& toml :
       {one_layer, one_layer + "model.kept = 2\n", one_layer + "ema.decay = 0.5\n",
        std::string("family = \"autoencoder\"\nmodel.channels = [8]\n"),
        std::string("family = \"vae\"\nmodel.channels = [8]\n")}) {
    const auto definition =
        resolve_text(toml + "model.latent_dim = 5\n", "x.toml", family_schema, {});
    torch::manual_seed(1);
    const auto made = family(definition.family).make({definition, {1, 8, 8}, 0});
    auto& model = dynamic_cast<GenerativeModel&>(*made);
    const auto images = torch::rand({2, 1, 8, 8}, seeded(1)) * 2.0 - 1.0;
    const torch::NoGradGuard as_the_evaluator_has_it;
    const auto norms = model.jacobian_norms({images, {}});
    ASSERT_TRUE(norms) << toml;
    constexpr double kStep = 1e-2;
    auto squares = torch::zeros({2}, torch::kDouble);
    for (std::int64_t i = 0; i < 64; ++i) {
      auto up = images.clone(), down = images.clone();
      up.view({2, 64}).select(1, i) += kStep;
      down.view({2, 64}).select(1, i) -= kStep;
      const auto slope =
          (model.encode({up, {}})->mu - model.encode({down, {}})->mu) / (2.0 * kStep);
      squares += slope.to(torch::kDouble).square().sum(1);
    }
    EXPECT_TRUE(torch::allclose(norms->to(torch::kDouble), squares.sqrt(), 5e-3, 1e-6))
        << toml << *norms << squares.sqrt();
  }
}

TEST(Contraction, OfADeepEncoderAgreesWithFiniteDifferences) {
  torch::manual_seed(1);
  auto options = one_sigmoid_layer();
  options.layers.hidden_widths = {5};
  options.code_activation = "none";
  AutoencoderNetwork network(options);
  network->to(torch::kDouble);
  const auto image = torch::rand({1, 1, 3, 3}, seeded(1), torch::kDouble).requires_grad_();
  const double exact = exact_contraction(network->encode(image), image).item<double>();
  const torch::NoGradGuard no_grad;
  EXPECT_NEAR(finite_difference_contraction(network, image), exact, 1e-7);
}

TEST(Contraction, HutchinsonsEstimateAveragesToTheExactOneAndHasItsGradient) {
  torch::manual_seed(1);
  AutoencoderNetwork network(one_sigmoid_layer());
  network->to(torch::kDouble);
  const auto images = torch::rand({3, 1, 3, 3}, seeded(1), torch::kDouble).requires_grad_();
  const auto codes = network->encode(images);
  const auto weight = *network->only_weight();
  const auto exact = exact_contraction(codes, images);
  const auto estimate = hutchinson_contraction(codes, images, 4000, seeded(2));
  // Signs make a code's own square exact; what varies is the cross terms, averaged over 4000
  // probes.
  EXPECT_NEAR(estimate.item<double>() / exact.item<double>(), 1.0, 0.05);
  const auto of_exact = torch::autograd::grad({exact}, {weight}, {}, true)[0];
  const auto of_estimate = torch::autograd::grad({estimate}, {weight})[0];
  EXPECT_LT((of_estimate - of_exact).norm().item<double>(), 0.1 * of_exact.norm().item<double>());
}

TEST(AutoencoderNetwork, TiedDecodersUseTheEncodersWeights) {
  torch::manual_seed(1);
  auto options = one_sigmoid_layer();
  options.layers.hidden_widths = {5};
  options.tied = true;
  AutoencoderNetwork network(options);
  // Two weights, and a bias for each layer of both halves.
  EXPECT_EQ(network->parameters().size(), 6u);
  const auto codes = torch::rand({2, 4}, seeded(1));
  const torch::NoGradGuard no_grad;
  const auto parameters = network->named_parameters();
  const auto inner = parameters["encoder.3.weight"], outer = parameters["encoder.1.weight"];
  const auto by_hand = torch::matmul(torch::matmul(codes, inner).tanh(), outer);
  EXPECT_TRUE(torch::allclose(network->decode(codes).flatten(1), by_hand, 1e-5, 1e-6));
}

TEST(GaussianMixture, OfOneGaussianIsItsMomentsAndComesBackAsSamples) {
  const auto root = torch::tensor({{2.0, 0.0}, {1.0, 0.5}}, torch::kDouble);
  const auto codes =
      torch::matmul(torch::randn({2000, 2}, seeded(1), torch::kDouble), root.t()) + 3.0;
  const auto fitted = fit_gaussian(codes);
  EXPECT_TRUE(torch::allclose(fitted.means[0], codes.mean(0)));
  EXPECT_TRUE(torch::allclose(fitted.covariances[0], torch::cov(codes.t(), 0)));
  const auto samples = sample_mixture(fitted, 20000, seeded(2)).to(torch::kDouble);
  EXPECT_TRUE(torch::allclose(samples.mean(0), codes.mean(0), 0.0, 0.1));
  EXPECT_TRUE(torch::allclose(torch::cov(samples.t()), torch::cov(codes.t()), 0.1, 0.02));
}

TEST(GaussianMixture, SamplesOfASingularCovarianceStayOnItsLine) {
  const auto line = torch::arange(10, torch::kDouble);
  const auto samples =
      sample_mixture(fit_gaussian(torch::stack({line, 2.0 * line}, 1)), 50, seeded(1));
  EXPECT_TRUE(torch::allclose(samples.select(1, 1), 2.0 * samples.select(1, 0), 0.0, 1e-4));
}

// 60 points in three groups; scikit-learn 1.9.1, GaussianMixture(3, reg_covar=1e-6) started from
// the same three groups.
torch::Tensor three_groups() {
  const auto i = torch::arange(60, torch::kDouble);
  return torch::stack(
      {(1.7 * i).sin() + 3.0 * i.remainder(3), 0.5 * (2.3 * i).cos() + 1.5 * i.remainder(2)}, 1);
}

TEST(ExpectationMaximisation, TakesScikitLearnsFirstStep) {
  const auto groups = torch::one_hot(torch::arange(60, torch::kLong).remainder(3), 3);
  const auto fit = expectation_maximisation(three_groups(), groups, 0.0, 1);
  EXPECT_NEAR(fit.log_likelihood, -3.3781552762521283, 1e-9);
  EXPECT_NEAR(mean_log_likelihood(fit.mixture, three_groups()), -3.37615758083241, 1e-9);
  EXPECT_NEAR(fit.mixture.means[0][1].item<double>(), 0.7430365928837289, 1e-9);
  EXPECT_NEAR(fit.mixture.weights[2].item<double>(), 0.33222764695078766, 1e-9);
  EXPECT_NEAR(fit.mixture.covariances[0][0][1].item<double>(), -0.024856626581419895, 1e-9);
}

TEST(ExpectationMaximisation, EndsWhereScikitLearnEnds) {
  const auto groups = torch::one_hot(torch::arange(60, torch::kLong).remainder(3), 3);
  const auto fit = expectation_maximisation(three_groups(), groups, 1e-12, 200);
  EXPECT_NEAR(mean_log_likelihood(fit.mixture, three_groups()), -3.3754421021591536, 1e-9);
  EXPECT_NEAR(fit.mixture.means[2][0].item<double>(), 6.068501059346977, 1e-5);
}

TEST(GaussianMixture, FindsThreeGroupsWhateverItsSeed) {
  auto noise = seeded(1);
  const auto centres = torch::tensor({{0.0, 0.0}, {10.0, 0.0}, {0.0, 10.0}}, torch::kDouble);
  const auto codes = torch::randn({600, 2}, noise, torch::kDouble) + centres.repeat({200, 1});
  for (const std::uint64_t seed : {1, 2, 3}) {
    const auto fit = fit_gaussian_mixture(codes, 3, seeded(seed));
    EXPECT_TRUE(torch::allclose(fit.mixture.weights, torch::full({3}, 1.0 / 3.0, torch::kDouble),
                                0.0, 1e-3));
  }
}

std::string refusal(const std::string& more) {
  try {
    const auto definition =
        resolve_text("family = \"autoencoder\"\n" + more, "here.toml", family_schema, {});
    family("autoencoder").make({.definition = definition, .example_shape = {1, 8, 8}});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Autoencoder, RefusesWhatItCannotBuild) {
  EXPECT_THAT(refusal("model.tied = true\n"), HasSubstr("model.network = \"mlp\""));
  EXPECT_THAT(refusal("model.kept = 11\n"), HasSubstr("exceeds model.latent_dim = 10"));
  EXPECT_THAT(refusal("objective.sparsity = \"kl\"\n"), HasSubstr("model.code_activation"));
  EXPECT_THAT(refusal("objective.contraction = \"closed_form\"\n"), HasSubstr("one sigmoid layer"));
  EXPECT_THAT(refusal("objective.contraction = \"exact\"\nmodel.network = \"infogan\"\n"),
              HasSubstr("batch normalisation"));
}

TEST(Autoencoder, AddsItsWeightedPenaltiesToTheErrorOfTheCleanImage) {
  const auto definition = resolve_text(R"(family = "autoencoder"
model.network = "mlp"
model.hidden_widths = []
model.code_activation = "sigmoid"
objective.corruption = "masking"
objective.sparsity = "kl"
objective.sparsity_weight = 2
objective.contraction = "closed_form"
objective.contraction_weight = 5
)",
                                       "here.toml", family_schema, {});
  torch::manual_seed(1);
  const auto model =
      family("autoencoder").make({.definition = definition, .example_shape = {1, 8, 8}});
  auto noise = seeded(1);
  std::map<std::string, double> values;
  const Batch batch{torch::rand({6, 1, 8, 8}, seeded(2)), {}};
  for (const auto& term : model->training_step(batch, {.total_steps = 1, .noise = noise})) {
    values[term.name] = term.value.item<double>();
  }
  EXPECT_NEAR(values.at("loss"),
              values.at("reconstruction_error") + 2.0 * values.at("sparsity") +
                  5.0 * values.at("contraction"),
              1e-4);
}

}  // namespace
}  // namespace assay
