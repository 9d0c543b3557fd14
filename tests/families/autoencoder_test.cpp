// SPDX-License-Identifier: Apache-2.0
#include <ATen/CPUGeneratorImpl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <torch/nn.h>

#include <cmath>
#include <map>
#include <ostream>

#include "core/error.h"
#include "families/autoencoder/autoencoder_network.h"
#include "families/autoencoder/sparsity.h"
#include "families/objectives/contraction.h"
#include "families/objectives/corruption.h"
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

TEST(Corruption, GoesByItsName) {
  const auto clean = torch::rand({3, 50}, seeded(2));
  const auto named = [&](const std::string& name) {
    return kCorruptions.at(name)(clean, 0.4, seeded(1));
  };
  EXPECT_TRUE(torch::equal(named("gaussian"), add_gaussian_noise(clean, 0.4, seeded(1))));
  EXPECT_TRUE(torch::equal(named("masking"), mask(clean, 0.4, seeded(1))));
  EXPECT_TRUE(torch::equal(named("salt_and_pepper"), salt_and_pepper(clean, 0.4, seeded(1))));
  EXPECT_TRUE(torch::equal(named("none"), clean));
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
  options.layers.activation = Nonlinearity::kTanh;
  options.code_activation = Nonlinearity::kSigmoid;
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
  options.code_activation = Nonlinearity::kNone;
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

std::string refusal(const std::string& more) {
  try {
    const auto definition =
        resolve_text("family = \"autoencoder\"\n" + more, "here.toml", family_schema, {});
    family("autoencoder")
        .make({.definition = definition,
               .example_shape = {1, 8, 8},
               .training_images = torch::zeros({16, 1, 8, 8}, torch::kByte)});
  } catch (const Error& error) {
    return error.what();
  }
  return "";
}

TEST(Autoencoder, RefusesWhatItCannotBuild) {
  EXPECT_THAT(refusal("model.tied = true\n"), HasSubstr("model.network = \"mlp\""));
  EXPECT_THAT(
      refusal("sampler.codes = \"mixture\"\nsampler.components = 9\nsampler.fit_images = 8\n"),
      HasSubstr("sampler.components = 9 needs as many codes, and 8 images are coded"));
  EXPECT_THAT(refusal("model.kept = 11\n"), HasSubstr("exceeds model.latent_dim = 10"));
  EXPECT_THAT(refusal("model.kept = 65\nmodel.network = \"maps\"\n"),
              HasSubstr("exceeds the 64 numbers of a code"));
  EXPECT_THAT(refusal("objective.sparsity = \"kl\"\n"), HasSubstr("model.code_activation"));
  EXPECT_THAT(refusal("objective.contraction = \"closed_form\"\n"), HasSubstr("one sigmoid layer"));
  EXPECT_THAT(refusal("objective.contraction = \"exact\"\nmodel.network = \"infogan\"\n"),
              HasSubstr("batch normalisation"));
}

// Σ_i of an image, mean over images, f64; means, x: [N,…] on [-1,1].
double squared_error_by_hand(const torch::Tensor& x, const torch::Tensor& means) {
  return (x - means).square().sum().item<double>() / static_cast<double>(x.size(0));
}

double cross_entropy_by_hand(const torch::Tensor& x, const torch::Tensor& means) {
  const auto p = (means + 1.0) / 2.0, share = (x + 1.0) / 2.0;
  return -(share * p.log() + (1.0 - share) * (1.0 - p).log()).sum().item<double>() /
         static_cast<double>(x.size(0));
}

struct Reconstruction {
  std::string name;
  double (*by_hand)(const torch::Tensor& x, const torch::Tensor& means);
};
void PrintTo(const Reconstruction& error, std::ostream* out) { *out << error.name; }

class AutoencoderLoss : public ::testing::TestWithParam<Reconstruction> {};

TEST_P(AutoencoderLoss, AddsItsWeightedPenaltiesToTheErrorOfTheCleanImage) {
  const auto definition = resolve_text(R"(family = "autoencoder"
model.network = "mlp"
model.hidden_widths = []
model.latent_dim = 5
model.code_activation = "sigmoid"
objective.corruption = "masking"
objective.corrupted_share = 0.4
objective.sparsity = "kl"
objective.sparsity_weight = 2
objective.sparsity_target = 0.1
objective.contraction = "closed_form"
objective.contraction_weight = 5
objective.reconstruction = ")" + GetParam().name +
                                           "\"\n",
                                       "here.toml", family_schema, {});
  torch::manual_seed(1);
  const auto made = family("autoencoder")
                        .make({.definition = definition,
                               .example_shape = {1, 8, 8},
                               .training_images = torch::zeros({16, 1, 8, 8}, torch::kByte)});
  auto& model = dynamic_cast<GenerativeModel&>(*made);
  const auto clean = 2.0 * torch::rand({6, 1, 8, 8}, seeded(2)) - 1.0;
  const Batch corrupted{mask(clean, 0.4, seeded(1)), {}};
  const auto means = model.reconstruct(corrupted)->to(torch::kDouble);
  const double error = GetParam().by_hand(clean.to(torch::kDouble), means);
  const auto used = model.encode(corrupted)->mu.to(torch::kDouble).mean(0);
  const double sparsity = (0.1 * (0.1 / used).log() + 0.9 * (0.9 / (1.0 - used)).log())  //
                              .sum()
                              .item<double>();
  const double contraction = model.jacobian_norms(corrupted)->square().mean().item<double>();
  std::map<std::string, double> values;
  for (const auto& term :
       model.training_step({clean, {}}, {.total_steps = 1, .noise = seeded(1)})) {
    values[term.name] = term.value.item<double>();
  }
  EXPECT_NEAR(values.at("reconstruction_error"), error, 1e-4);
  EXPECT_NEAR(values.at("loss"), error + 2.0 * sparsity + 5.0 * contraction, 1e-4);
}

INSTANTIATE_TEST_SUITE_P(Errors, AutoencoderLoss,
                         ::testing::Values(Reconstruction{"squared_error", squared_error_by_hand},
                                           Reconstruction{"cross_entropy", cross_entropy_by_hand}),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace assay
