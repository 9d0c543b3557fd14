// SPDX-License-Identifier: Apache-2.0
// Classifier-free guidance and dynamic thresholding of diffusion models.
#include <gtest/gtest.h>
#include <torch/types.h>

#include <cmath>

#include "families/diffusion/guidance.h"
#include "families/diffusion/sampler.h"
#include "families/diffusion/step_spacing.h"
#include "tests/families/known_laws.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

using torch::Tensor;

// E[x_0|x_t] of N(label, .2²), and of N(0, .2²) where the label is dropped.
Denoiser of_gaussians(const Process& process) {
  return [&process](const Tensor& x, const Tensor& t, const Condition& condition) {
    const auto level = process.at(t);
    const auto mean = condition.labels.defined()
                          ? condition.labels.to(x.scalar_type()).view({-1, 1}).expand(x.sizes())
                          : torch::zeros_like(x);
    const auto gain =
        level.signal * kVariance / (level.signal.square() * kVariance + level.noise.square());
    return Estimate{.x0 = mean + gain * (x - level.signal * mean)};
  };
}

TEST(Guidance, OfGaussiansSamplesTheTiltedLaw) {
  // s ∇log N(α m, v) + (1 − s) ∇log N(0, v) is the score of N(s α m, v) at every level: N(s m,
  // .2²).
  const auto of = process("vp");
  SamplerOptions options;
  options.process = of.get();
  options.sampler = &samplers().at("dpmpp_2m");
  options.times = time_spacings().at("log_snr")(*of, 100, 7.0);
  const auto noise = torch::randn({4, 5000}, seeded(1), torch::kDouble);
  const Condition condition = {.labels = torch::tensor({0, 1, 2, 3}, torch::kLong)};
  for (const double scale : {0.0, 1.0, 2.5}) {
    const auto guided = classifier_free(of_gaussians(*of), {.scale = scale});
    const auto x = run_sampler(noise, {}, options, guided, condition);
    for (std::int64_t label = 0; label < 4; ++label) {
      // Five standard errors of 5,000 values, and the noise that is left of N(0, 1) at the start.
      const double mean = scale * static_cast<double>(label);
      EXPECT_NEAR(x[label].mean().item<double>(), mean, 0.015 + 0.005 * mean);
      EXPECT_NEAR(x[label].std().item<double>(), 0.2, 0.011);
    }
  }
}

// Two classes N(±.5, .2²), all as likely, and what the noise leaves of either.
constexpr double kApart = 0.5;

Tensor likelihoods(const Process& process, const Tensor& x, const Tensor& t) {
  const auto level = process.at(t);
  const auto variance = level.signal.square() * kVariance + level.noise.square();
  const auto of_class = [&](double sign) {
    return -0.5 * (x - sign * kApart * level.signal).square() / variance;
  };
  return torch::stack({of_class(-1.0), of_class(1.0)}).log_softmax(0);
}

TEST(Guidance, ByAClassifierSamplesItsClassFromADenoiserOfAll) {
  const auto of = process("vp");
  const Denoiser of_both = [&](const Tensor& x, const Tensor& t, const Condition&) {
    const auto level = of->at(t);
    const auto gain =
        level.signal * kVariance / (level.signal.square() * kVariance + level.noise.square());
    const auto share = likelihoods(*of, x, t).exp();
    const auto mean = kApart * (share[1] - share[0]);
    return Estimate{.x0 = mean + gain * (x - level.signal * mean)};
  };
  const LogProbability classifier = [&](const Tensor& x, const Tensor& t, const Tensor& labels) {
    const auto both = likelihoods(*of, x, t);
    return torch::where(labels.view({-1, 1}) == 1, both[1], both[0]).sum(1);
  };
  SamplerOptions options;
  options.process = of.get();
  options.sampler = &samplers().at("dpmpp_2m");
  options.times = time_spacings().at("log_snr")(*of, 100, 7.0);
  const auto noise = torch::randn({2, 5000}, seeded(1), torch::kDouble);
  const Condition condition = {.labels = torch::tensor({0, 1}, torch::kLong)};
  const auto guided = classifier_guided(of_both, classifier, *of, 1.0);
  const auto x = run_sampler(noise, {}, options, guided, condition);
  for (const std::int64_t label : {0, 1}) {
    // Five standard errors of 5,000 values.
    EXPECT_NEAR(x[label].mean().item<double>(), label == 1 ? kApart : -kApart, 0.015);
    EXPECT_NEAR(x[label].std().item<double>(), 0.2, 0.011);
  }
  // Without it both classes come.
  const auto all =
      run_sampler(noise, {}, options, classifier_guided(of_both, classifier, *of, 0.0), condition);
  EXPECT_NEAR((all > 0.0).to(torch::kDouble).mean().item<double>(), 0.5, 0.03);
}

TEST(Guidance, HoldsWithinItsIntervalAndCostsASecondEvaluationThere) {
  const auto of = process("vp");
  std::int64_t examples = 0;
  const auto plain = of_gaussians(*of);
  const auto guided =
      classifier_free(counted(plain, examples), {.scale = 3.0, .from = 0.2, .to = 0.6});
  const auto x = torch::randn({3, 2}, seeded(1), torch::kDouble);
  const Condition condition = {.labels = torch::tensor({1, 2, 3}, torch::kLong)};
  for (const double t : {0.1, 0.4, 0.7}) {
    const auto at = torch::tensor(t, torch::kDouble);
    examples = 0;
    const auto x0 = guided(x, at, condition).x0;
    const auto with = plain(x, at, condition).x0, without = plain(x, at, {}).x0;
    const bool inside = t > 0.2 && t < 0.6;
    EXPECT_TRUE(torch::allclose(x0, inside ? 3.0 * with - 2.0 * without : with)) << t;
    EXPECT_EQ(examples, inside ? 6 : 3) << t;
  }
}

TEST(Guidance, ThresholdsEachSampleByItsOwnQuantile) {
  // Saharia et al. 2022: of |x̂_0| = 0, 1, 2, 3, 4 the quantile .75 is 3; at least 1.
  const Denoiser estimate = [](const Tensor& x, const Tensor&, const Condition&) {
    return Estimate{.x0 = x};
  };
  const auto x = torch::tensor({{0.0, -1.0, 2.0, -3.0, 4.0}, {0.0, 0.1, -0.2, 0.3, 0.4}});
  const auto right =
      torch::tensor({{0.0, -1.0 / 3, 2.0 / 3, -1.0, 1.0}, {0.0, 0.1, -0.2, 0.3, 0.4}});
  const auto x0 = thresholded(estimate, 0.75)(x, torch::tensor(0.5), {}).x0;
  EXPECT_TRUE(torch::allclose(x0, right));
}

std::unique_ptr<Trainable> conditional(const std::string& more) {
  return small_model(std::string(R"(family = "diffusion"
model.network = "mlp"
model.hidden_widths = [16]
model.conditional = true
objective.process = "ot"
objective.prediction = "velocity"
sampler.name = "euler"
sampler.spacing = "trailing"
sampler.steps = 3
)") + more,
                     {2}, 4);
}

TEST(Guidance, TheStepDropsTheShareOfLabelsThatItIsTold) {
  const auto loss = [](const std::string& p, std::int64_t label) {
    const auto model = conditional("objective.p_uncond = " + p + "\n");
    const Batch batch{torch::randn({400, 2}, seeded(5)), torch::full({400}, label, torch::kLong)};
    return logged_by_step(*model, batch).at("loss");
  };
  EXPECT_NE(loss("0.0", 1), loss("0.0", 2));
  EXPECT_EQ(loss("0.9999999", 1), loss("0.9999999", 2));
  EXPECT_NE(loss("0.5", 1), loss("0.5", 2));
  EXPECT_NE(loss("0.5", 1), loss("0.9999999", 1));
}

TEST(Guidance, SamplesAreOfTheClassesInTurnByTheScaleThatIsAskedFor) {
  const auto drawn = [](const std::string& scale) {
    const auto model =
        conditional("objective.p_uncond = 0.1\nsampler.guidance_scale = " + scale + "\n");
    const auto labels = dynamic_cast<GenerativeModel&>(*model).sample_labels(6);
    EXPECT_TRUE(torch::equal(*labels, torch::tensor({0, 1, 2, 3, 0, 1}, torch::kLong)));
    return samples_of(*model, 6);
  };
  EXPECT_FALSE(torch::allclose(drawn("1.0"), drawn("2.0")));
  EXPECT_FALSE(torch::allclose(drawn("0.0"), drawn("1.0")));
}

// A classifier of its own, trained on the noisy examples beside the network, which it leaves alone.
TEST(Guidance, TheClassifierIsTrainedBesideTheNetwork) {
  const auto network_after = [](const std::string& classifier) {
    const auto model = small_model(
        "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [16]\n"
        "optimizer.learning_rate = 0.01\n" +
            classifier,
        {2}, 3);
    const auto labels = torch::arange(60, torch::kLong).remainder(3);
    // Three classes far apart.
    const Batch batch{0.1 * torch::randn({60, 2}, seeded(5)) +
                          torch::stack({labels.eq(1), labels.eq(2)}, 1).to(torch::kFloat) * 3.0,
                      labels};
    std::vector<double> losses;
    for (std::int64_t step = 0; step < 200; ++step) {
      const auto logged = logged_by_step(*model, batch, step);
      if (!classifier.empty()) losses.push_back(logged.at("classifier_loss"));
    }
    if (!losses.empty()) {
      EXPECT_NEAR(losses.front(), std::log(3.0), 0.5);
      EXPECT_LT(losses.back(), 0.7 * losses.front());
    }
    return copy_of_state(*model).at("network.layer0.weight");
  };
  EXPECT_TRUE(torch::equal(network_after(""), network_after("model.classifier = true\n")));
}

TEST(Guidance, AClassifiersScaleMovesSamples) {
  const auto drawn = [](const std::string& scale) {
    const auto model = small_model(
        "family = 'diffusion'\nmodel.network = 'mlp'\nmodel.hidden_widths = [16]\n"
        "sampler.steps = 3\nmodel.classifier = true\nsampler.classifier_scale = " +
            scale + "\n",
        {2}, 3);
    return samples_of(*model, 6);
  };
  EXPECT_FALSE(torch::allclose(drawn("0.0"), drawn("1.0")));
  EXPECT_FALSE(torch::allclose(drawn("1.0"), drawn("2.0")));
}

TEST(Guidance, CountsEveryEvaluationOfASample) {
  const auto evaluations = [](const std::string& more) {
    const auto model = conditional("objective.p_uncond = 0.1\n" + more);
    std::int64_t examples = 0;
    SampleRequest request{.count = 5, .generator = seeded(1), .batch_size = 2};
    request.sink = [](const Tensor&) {};
    request.poll = [&](std::int64_t samples) { examples += samples; };
    dynamic_cast<GenerativeModel&>(*model).sample(request);
    return examples;
  };
  EXPECT_EQ(evaluations(""), 5 * 3);
  EXPECT_EQ(evaluations("sampler.guidance_scale = 2.0\n"), 5 * 3 * 2);
}

}  // namespace
}  // namespace assay
