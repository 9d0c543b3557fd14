// SPDX-License-Identifier: Apache-2.0
#include "families/latent_fifth.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

torch::Tensor normal(std::int64_t count, const torch::Generator& generator) {
  return draw_normal(count, {2}, generator);
}

torch::Tensor radii(const torch::Tensor& z) { return z.norm(2, {1}); }

// In two dimensions ‖z‖² is exponential of mean 2: the radius within which a share q lies.
double quantile(double share) { return std::sqrt(-2.0 * std::log(1.0 - share)); }

TEST(LatentFifth, HoldsTheRadiiBetweenTheQuantilesOfTheNorm) {
  for (std::int64_t fifth = 1; fifth <= 5; ++fifth) {
    const auto r = radii(draw_in_fifth(fifth, 3000, seeded(6), normal));
    ASSERT_EQ(r.sizes(), (at::IntArrayRef{3000}));
    const double from = quantile(0.2 * static_cast<double>(fifth - 1));
    // Borders of 5,000 radii: a standard error of √(q(1 − q)/5000)/density, 0.035 at most.
    EXPECT_GT(r.min().item<double>(), from - 0.1) << fifth;
    EXPECT_LT(r.min().item<double>(), from + 0.15) << fifth;
    if (fifth == 5) continue;
    const double to = quantile(0.2 * static_cast<double>(fifth));
    EXPECT_NEAR(r.max().item<double>(), to, 0.1) << fifth;
  }
}

TEST(LatentFifth, KeepsTheOrderOfTheDrawsHoweverManyFollow) {
  const auto few = draw_in_fifth(2, 5, seeded(6), normal),
             many = draw_in_fifth(2, 2000, seeded(6), normal);
  EXPECT_TRUE(torch::equal(few, many.narrow(0, 0, 5)));
  // The first that lies there is the first of all that does.
  const auto all = normal(200, seeded(6));
  const auto inside = (radii(all) - radii(few)[0]).abs().lt(1e-7).nonzero();
  ASSERT_EQ(inside.numel(), 1);
  const auto before = radii(all).narrow(0, 0, inside.item<std::int64_t>());
  EXPECT_TRUE((before.lt(quantile(0.2) + 0.1) | before.gt(quantile(0.4) - 0.1)).all().item<bool>());
}

TEST(LatentFifth, OfNoneIsTheDrawItself) {
  EXPECT_TRUE(torch::equal(draw_in_fifth(0, 7, seeded(6), normal), normal(7, seeded(6))));
}

TEST(LatentFifth, SaysThatNormsDoNotDiffer) {
  const DrawLatents on_a_circle = [](std::int64_t count, const torch::Generator& generator) {
    return normal(count, generator).sign();
  };
  try {
    draw_in_fifth(3, 10, seeded(6), on_a_circle);
    FAIL() << "all have the norm of (1,1)";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("sampler.latent_fifth = 3"));
  }
}

class LatentFifthOf : public testing::TestWithParam<std::string> {};

TEST_P(LatentFifthOf, DecidesWhatSamplesAreDecodedFrom) {
  const std::vector<std::int64_t> example = {1, 8, 8};
  const auto all = small_model(GetParam(), example),
             inner = small_model(GetParam() + "sampler.latent_fifth = 1\n", example),
             outer = small_model(GetParam() + "sampler.latent_fifth = 5\n", example);
  const auto latents = [](Trainable& model) {
    return *dynamic_cast<GenerativeModel&>(model).draw_latents(600, {}, seeded(3));
  };
  const auto r = radii(latents(*all)).to(torch::kDouble);
  // A fifth of 600 lies nearer, a fifth farther; standard deviation 9.8.
  const double farthest = radii(latents(*inner)).max().item<double>(),
               nearest = radii(latents(*outer)).min().item<double>();
  EXPECT_NEAR(r.lt(farthest).sum().item<double>(), 120, 50);
  EXPECT_NEAR(r.gt(nearest).sum().item<double>(), 120, 50);
  const auto samples = samples_of(*inner, 9);
  const auto decoded =
      *dynamic_cast<GenerativeModel&>(*inner).decode(latents(*inner).narrow(0, 0, 9), {});
  EXPECT_TRUE(torch::allclose(samples, decoded.cpu()));
  EXPECT_FALSE(torch::allclose(samples, samples_of(*outer, 9)));
}

INSTANTIATE_TEST_SUITE_P(
    Families, LatentFifthOf,
    testing::Values("family = 'gan'\nmodel.latent_dim = 3\nmodel.initial_sd = 0.2\n"
                    "model.generator_channels = [4]\nmodel.discriminator_channels = [4]\n",
                    "family = 'vae'\nmodel.latent_dim = 3\nmodel.network = 'mlp'\n",
                    "family = 'autoencoder'\nmodel.latent_dim = 3\nmodel.network = 'mlp'\n"),
    [](const auto& test) { return test.param.substr(10, test.param.find("'\n") - 10); });

TEST(LatentFifth, IsInTheProtocolOnlyWhereItLeavesLatentsOut) {
  const auto protocol = [](const std::string& more) {
    return sampling_protocol(
        resolve_text("family = 'gan'\n" + more, "here.toml", family_schema, {}), 100);
  };
  EXPECT_EQ(protocol(""), (Protocol{{"network_evaluations", "1"}}));
  EXPECT_EQ(protocol("sampler.latent_fifth = 2\n").at("sampler.latent_fifth"), "2");
}

}  // namespace
}  // namespace assay
