// SPDX-License-Identifier: Apache-2.0
#include "families/diffusion/exact_denoiser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"
#include "families/diffusion/diffusion.h"
#include "tests/families/known_laws.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using testing::HasSubstr;

// Of ±a, each with probability ½: E[x_0|x] = a tanh(α a·x/σ²).
TEST(ExactDenoiser, OfTwoPointsIsATangent) {
  const auto points = torch::tensor({{1.5, 0.0}, {-1.5, 0.0}}, torch::kDouble);
  for (const auto* name : {"vp", "ve", "edm", "ot"}) {
    const auto of = process(name);
    const auto denoise = exact_denoiser(points, *of);
    const auto x = torch::randn({7, 2}, seeded(1), torch::kDouble);
    const auto t = torch::linspace(0.3, 0.9, 7, torch::kDouble);
    const auto level = of->at(t);
    const auto along = x.select(1, 0);
    const auto right = 1.5 * torch::tanh(1.5 * level.signal * along / level.noise.square());
    const auto found = denoise(x, t, {}).x0;
    EXPECT_TRUE(torch::allclose(found.select(1, 0), right, 1e-10, 1e-12)) << name;
    EXPECT_TRUE(torch::allclose(found.select(1, 1), torch::zeros({7}, torch::kDouble))) << name;
    // One time for all, as samplers ask.
    const auto one = denoise(x, t[2], {}).x0;
    EXPECT_TRUE(torch::allclose(one[2], found[2], 1e-12, 1e-14)) << name;
  }
}

// Tweedie: x̂_0 = (x + σ² ∇ log q(x))/α, the slope by differences of the mixture's density; more
// examples than are computed at a time.
TEST(ExactDenoiser, IsTweediesOfTheMixturesDensity) {
  const auto of = process("vp");
  const auto points = torch::randn({5, 2}, seeded(2), torch::kDouble);
  const auto x = torch::randn({600, 2}, seeded(3), torch::kDouble);
  const auto t = torch::tensor(0.4, torch::kDouble);
  const auto level = of->at(t);
  const auto log_density = [&](const torch::Tensor& at) {
    const auto away = at.unsqueeze(1) - level.signal * points;
    return (away.square().sum(-1) / (-2.0 * level.noise.square())).logsumexp(1);
  };
  auto slope = torch::empty_like(x);
  for (const std::int64_t axis : {0, 1}) {
    auto step = torch::zeros({2}, torch::kDouble);
    step[axis] = 1e-5;
    slope.select(1, axis).copy_((log_density(x + step) - log_density(x - step)) / 2e-5);
  }
  const auto right = (x + level.noise.square() * slope) / level.signal;
  EXPECT_TRUE(torch::allclose(exact_denoiser(points, *of)(x, t, {}).x0, right, 1e-6, 1e-6));
}

const std::string kPoints = R"(family = "diffusion"
model.network = "mlp"
model.hidden_widths = [8]
objective.process = "edm"
objective.prediction = "F"
objective.time_sampling = "log_normal"
sampler.name = "edm_heun"
sampler.spacing = "karras"
sampler.steps = 18
)";

std::unique_ptr<Trainable> of_points(const std::string& more, const torch::Tensor& points) {
  const auto definition = resolve_text(kPoints + more, "here.toml", family_schema, {});
  return family(definition.family)
      .make({.definition = definition, .example_shape = {2}, .training_images = points});
}

// Whatever the network: it has learned nothing here.
TEST(ExactDenoiser, LeadsSamplesToTheTrainingPointsInTheirShares) {
  const auto points = torch::tensor({{1.0F, 1.0F}, {1.0F, 1.0F}, {1.0F, 1.0F}, {-2.0F, 0.5F}});
  const auto exact = of_points("sampler.denoiser = 'exact'\n", points);
  const auto samples = samples_of(*exact, 2000);
  const auto distances = torch::cdist(samples, points);
  EXPECT_LT(std::get<0>(distances.min(1)).max().item<double>(), 0.05);
  const double share = (samples.select(1, 0) > 0).to(torch::kDouble).mean().item<double>();
  EXPECT_NEAR(share, 0.75, 4 * std::sqrt(0.75 * 0.25 / 2000));
  EXPECT_FALSE(torch::allclose(samples_of(*of_points("", points), 2000), samples));
}

TEST(ExactDenoiser, IsOfPointsAndNoiseBesideThem) {
  const auto refusal = [](const std::string& toml) {
    try {
      check_diffusion(
          resolve_text(toml + "sampler.denoiser = 'exact'\n", "here.toml", family_schema, {}));
    } catch (const Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal(kPoints), "");
  EXPECT_THAT(refusal(kPoints + "model.conditional = true\n"), HasSubstr("tells a class"));
  EXPECT_THAT(refusal("family = 'diffusion'\nmodel.network = 'mlp'\nobjective.process = 'ot'\n"
                      "objective.prediction = 'velocity'\nsampler.name = 'euler'\n"
                      "sampler.spacing = 'trailing'\nobjective.coupling = 'minibatch_ot'\n"),
              HasSubstr("pairs them"));
}

TEST(ExactDenoiser, RefusesImagesWhenTheyAreSeen) {
  const auto definition =
      resolve_text(kPoints + "sampler.denoiser = 'exact'\n", "here.toml", family_schema, {});
  EXPECT_THROW(family(definition.family)
                   .make({.definition = definition,
                          .example_shape = {1, 4, 4},
                          .training_images = torch::zeros({8, 1, 4, 4}, torch::kByte)}),
               Error);
}

}  // namespace
}  // namespace assay
