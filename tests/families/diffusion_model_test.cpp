// SPDX-License-Identifier: Apache-2.0
// What the diffusion model makes of its network: the training step, and sampling.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>

#include "families/diffusion/denoiser.h"
#include "families/diffusion/noise_schedule.h"
#include "families/diffusion/sampler.h"
#include "nn/blocks/unet.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

constexpr std::int64_t kTimesteps = 30, kImages = 6;
constexpr double kOutput = 0.3;
const std::vector<std::int64_t> kShape = {1, 8, 8};

std::unique_ptr<Trainable> diffusion(const std::string& more, int steps = 3) {
  return small_model(R"(family = "ddpm"
model.base_channels = 8
model.multipliers = [1, 2]
model.groups = 4
objective.timesteps = 30
)" + ("sampler.steps = " + std::to_string(steps) + "\n") +
                         more,
                     kShape);
}

// Lin et al. 2023, algorithm 1.
NoiseSchedule rescaled_cosine() {
  NoiseSchedule schedule = cosine_schedule(kTimesteps);
  const double first = std::sqrt(schedule[0]), last = std::sqrt(schedule[kTimesteps - 1]);
  for (double& value : schedule) {
    value = std::pow((std::sqrt(value) - last) * first / (first - last), 2.0);
  }
  return schedule;
}

struct Setting {
  std::string prediction, schedule, rest;
  std::string toml() const {
    return "objective.prediction = '" + prediction + "'\nobjective.schedule = '" + schedule +
           "'\n" + rest;
  }
  NoiseSchedule alpha_bar() const {
    if (rest.find("zero_terminal_snr") != std::string::npos) return rescaled_cosine();
    if (schedule == "sigmoid") return sigmoid_schedule(kTimesteps);
    return schedule == "linear" ? linear_schedule(kTimesteps) : cosine_schedule(kTimesteps);
  }
};

// An output that is `kOutput` everywhere, whatever goes in: the last layer is its bias alone.
void make_constant(Trainable& model, const std::string& owner) {
  const torch::NoGradGuard no_grad;
  auto state = state_of(model);
  state.at(owner + ".output.weight").zero_();
  state.at(owner + ".output.bias").fill_(kOutput);
}

// The initial output is 0, and heeds neither image nor time.
void perturb(Trainable& model) {
  const torch::NoGradGuard no_grad;
  const auto generator = seeded(9);
  for (auto& [name, value] : state_of(model)) {
    if (!name.starts_with("network.") || !value.requires_grad()) continue;
    value.add_(0.1 * torch::randn(value.sizes(), generator));
  }
}

// The same network on its own, with the model's weights.
UNet twin_of(Trainable& model) {
  UNetOptions options;
  options.channels = 1;
  options.image_size = 8;
  options.base_channels = 8;
  options.multipliers = {1, 2};
  options.groups = 4;
  options.blocks = 1;
  options.layout = UNetLayout::kDdpm;
  options.conditioning = TimeConditioning::kFilm;
  UNet twin(options);
  const torch::NoGradGuard no_grad;
  auto state = state_of(model);
  for (auto& parameter : twin->named_parameters()) {
    parameter.value().copy_(state.at("network." + parameter.key()));
  }
  return twin;
}

TEST(DiffusionStep, LossIsTheSquaredErrorOfWhatTheNetworkIsToPredict) {
  const Batch batch{torch::rand({kImages, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  for (const std::string times : {"uniform", "stratified"}) {
    for (const Setting& setting : {Setting{"epsilon", "linear", ""}, Setting{"v", "linear", ""},
                                   Setting{"x0", "linear", ""}, Setting{"epsilon", "cosine", ""},
                                   Setting{"v", "cosine", ""}, Setting{"x0", "cosine", ""}}) {
      const auto model = diffusion(setting.toml() + "objective.time_sampling = '" + times + "'\n");
      perturb(*model);
      auto twin = twin_of(*model);
      const auto noise = seeded(7);
      const auto u = torch::rand({kImages}, noise);
      const auto eps = torch::randn({kImages, 1, 8, 8}, noise);
      auto x_t = torch::empty_like(eps), target = torch::empty_like(eps);
      auto share = torch::empty({kImages});
      for (std::int64_t i = 0; i < kImages; ++i) {
        const double at = times == "uniform"
                              ? u[i].item<double>()
                              : (static_cast<double>(i) + u[i].item<double>()) / kImages;
        const auto t = static_cast<std::size_t>(at * kTimesteps);
        const double signal = std::sqrt(setting.alpha_bar()[t]);
        const double level = std::sqrt(1.0 - setting.alpha_bar()[t]);
        x_t[i] = signal * batch.images[i] + level * eps[i];
        target[i] = setting.prediction == "v"    ? signal * eps[i] - level * batch.images[i]
                    : setting.prediction == "x0" ? batch.images[i]
                                                 : eps[i];
        share[i] = static_cast<double>(t) / kTimesteps;
      }
      const torch::NoGradGuard no_grad;
      const double expected = (twin->forward(x_t, share) - target).square().mean().item<double>();
      const torch::AutoGradMode grad(true);
      EXPECT_NEAR(logged_by_step(*model, batch).at("loss"), expected, 1e-4 * expected)
          << times << setting.prediction << setting.schedule;
    }
  }
}

TEST(DiffusionStep, TheLossCountsEachImageByItsTimestep) {
  const Batch batch{torch::rand({kImages, 1, 8, 8}, seeded(5)) * 2.0 - 1.0, {}};
  const std::string keys = "objective.prediction = 'v'\nobjective.weighting = ";
  const auto min_snr = [](double snr) { return std::min(snr, 2.0) / (snr + 1.0); };
  // Of ε 1/√(3 + SNR); an error of v is ᾱ times as large in ε.
  const auto p2 = [](double snr) { return snr / (snr + 1.0) / std::sqrt(3.0 + snr); };
  const std::vector<std::pair<std::string, std::function<double(double)>>> all = {
      {"'min_snr'\nobjective.min_snr_gamma = 2.0\n", min_snr},
      {"'p2'\nobjective.p2_k = 3.0\nobjective.p2_gamma = 0.5\n", p2}};
  for (const auto& [weighting, weight] : all) {
    const auto model = diffusion(keys + weighting);
    make_constant(*model, "network");
    const auto noise = seeded(7);
    const auto u = torch::rand({kImages}, noise);
    const auto eps = torch::randn({kImages, 1, 8, 8}, noise);
    double expected = 0.0;
    for (std::int64_t i = 0; i < kImages; ++i) {
      const auto t = static_cast<std::size_t>(u[i].item<double>() * kTimesteps);
      const double alpha_bar = linear_schedule(kTimesteps)[t];
      const auto v = std::sqrt(alpha_bar) * eps[i] - std::sqrt(1.0 - alpha_bar) * batch.images[i];
      expected += weight(alpha_bar / (1.0 - alpha_bar)) *
                  (v - kOutput).square().mean().item<double>() / kImages;
    }
    EXPECT_NEAR(logged_by_step(*model, batch).at("loss"), expected, 1e-5 * expected) << weighting;
  }
}

TEST(DiffusionStep, TheAverageFollowsTheNetwork) {
  const auto model = diffusion("ema.decay = 0.75\nema.ramp = false\n");
  const auto before = copy_of_state(*model).at("network.output.bias");
  logged_by_step(*model, {torch::rand({kImages, 1, 8, 8}, seeded(5)), {}});
  const auto after = copy_of_state(*model);
  EXPECT_FALSE(torch::equal(after.at("network.output.bias"), before));
  EXPECT_TRUE(torch::allclose(after.at("ema.output.bias"),
                              0.75 * before + 0.25 * after.at("network.output.bias")));
}

TEST(DiffusionStep, TheAverageFollowsTheNetworkByItsHalfLife) {
  const auto model =
      diffusion("train.batch_size = 6\nema.half_life_images = 3\nema.ramp_ratio = 0.25\n");
  // Nothing has been seen; then a quarter of 6 images, then the whole half-life.
  const double decays[] = {0.0, 0.0625, 0.25, 0.25};
  auto expected = copy_of_state(*model).at("ema.output.bias");
  for (std::int64_t step = 0; step < 4; ++step) {
    logged_by_step(*model, {torch::rand({kImages, 1, 8, 8}, seeded(5)), {}}, step);
    const auto now = copy_of_state(*model);
    expected = decays[step] * expected + (1.0 - decays[step]) * now.at("network.output.bias");
    EXPECT_TRUE(torch::allclose(now.at("ema.output.bias"), expected, 1e-4, 1e-7)) << step;
  }
}

// x_0 as an output implies it.
torch::Tensor implied_x0(const Setting& setting, const torch::Tensor& x_t,
                         const torch::Tensor& output, double alpha_bar) {
  const double signal = std::sqrt(alpha_bar), level = std::sqrt(1.0 - alpha_bar);
  if (setting.prediction == "x0") return output;
  if (setting.prediction == "v") return signal * x_t - level * output;
  return (x_t - level * output) / signal;
}

// Bayes' rule: the precisions of x_t given x_s, and of x_s given x_0, add.
torch::Tensor ancestral_by_hand(const torch::Tensor& x_t, const torch::Tensor& x0,
                                const torch::Tensor& noise, double of_t, double of_s, bool large) {
  const double alpha = of_t / of_s, beta = 1.0 - alpha;
  const double precision = alpha / beta + 1.0 / (1.0 - of_s);
  const auto mean =
      (std::sqrt(alpha) / beta * x_t + std::sqrt(of_s) / (1.0 - of_s) * x0) / precision;
  return mean + std::sqrt(large ? beta : 1.0 / precision) * noise;
}

// Song et al. 2021, eq. 12 and 16.
torch::Tensor ddim_by_hand(const torch::Tensor& x_t, const torch::Tensor& x0,
                           const torch::Tensor& noise, double of_t, double of_s, double eta) {
  const double sigma = eta * std::sqrt((1.0 - of_s) / (1.0 - of_t)) * std::sqrt(1.0 - of_t / of_s);
  const auto eps = (x_t - std::sqrt(of_t) * x0) / std::sqrt(1.0 - of_t);
  return std::sqrt(of_s) * x0 + std::sqrt(1.0 - of_s - sigma * sigma) * eps + sigma * noise;
}

using Output = std::function<torch::Tensor(const torch::Tensor& x_t, double share)>;

// Three steps from seeded(3), unclamped but for clip_x0, of a network that says `output`.
torch::Tensor sampled_by_hand(const Setting& setting, const Output& output) {
  const auto latents = draw_diffusion_latents(4, kShape, seeded(3));
  std::vector<torch::Generator> generators;
  for (const auto seed : latents.seeds) generators.push_back(generator_of_sample(seed));
  auto x = latents.noise;
  const auto alpha_bar = setting.alpha_bar();
  const bool trailing = setting.rest.find("trailing") != std::string::npos;
  const std::vector<std::size_t> times =  // 14.5 rounds up
      trailing ? std::vector<std::size_t>{29, 19, 9} : std::vector<std::size_t>{29, 15, 0};
  for (std::size_t i = 0; i < 3; ++i) {
    const double of_t = alpha_bar[times[i]];
    auto x0 = implied_x0(setting, x, output(x, static_cast<double>(times[i]) / kTimesteps), of_t);
    if (setting.rest.find("clip_x0 = true") != std::string::npos) x0 = x0.clamp(-1.0, 1.0);
    if (i == 2) return x0;
    std::vector<torch::Tensor> noise;
    for (auto& one : generators) noise.push_back(torch::randn(kShape, one));
    const double of_s = alpha_bar[times[i + 1]];
    x = setting.rest.find("ddim") == std::string::npos
            ? ancestral_by_hand(x, x0, torch::stack(noise), of_t, of_s,
                                setting.rest.find("large") != std::string::npos)
            : ddim_by_hand(x, x0, torch::stack(noise), of_t, of_s,
                           setting.rest.find("0.7") != std::string::npos ? 0.7 : 0.0);
  }
  return x;
}

std::vector<Setting> sampled_settings() {
  const std::string ancestral = "sampler.name = 'ancestral'\nsampler.clip_x0 = false\n";
  const std::string ddim = "sampler.name = 'ddim'\nsampler.clip_x0 = false\nsampler.eta = ";
  std::vector<Setting> all;
  for (const std::string& rest :
       {ancestral + "sampler.variance = 'large'\n", ancestral + "sampler.variance = 'small'\n",
        ddim + "0.0\n", ddim + "0.7\n", ddim + "0.0\nsampler.spacing = 'trailing'\n"}) {
    for (const std::string prediction : {"epsilon", "v", "x0"}) {
      for (const std::string schedule : {"linear", "cosine", "sigmoid"}) {
        all.push_back({prediction, schedule, rest});
      }
      if (prediction == "epsilon") continue;
      all.push_back({prediction, "cosine", rest + "objective.zero_terminal_snr = true\n"});
    }
  }
  return all;
}

TEST(DiffusionSampling, IsTheSamplerRunByHandOnWhatTheNetworkSays) {
  for (const auto& setting : sampled_settings()) {
    const auto model = diffusion(setting.toml());
    make_constant(*model, "network");
    const auto x = sampled_by_hand(
        setting, [](const torch::Tensor& x_t, double) { return torch::full_like(x_t, kOutput); });
    EXPECT_TRUE(torch::allclose(samples_of(*model, 4), x.clamp(-1.0, 1.0), 1e-3, 1e-4))
        << setting.toml();
  }
}

TEST(DiffusionSampling, AsksTheNetworkAboutEveryImageOnTheWay) {
  for (const auto& setting : sampled_settings()) {
    const auto model = diffusion(setting.toml() + "eval.weights = 'raw'\n");
    perturb(*model);
    auto twin = twin_of(*model);
    const torch::NoGradGuard no_grad;
    const auto x = sampled_by_hand(setting, [&](const torch::Tensor& x_t, double share) {
      return twin->forward(x_t, torch::full({x_t.size(0)}, share));
    });
    EXPECT_TRUE(torch::allclose(samples_of(*model, 4), x.clamp(-1.0, 1.0), 1e-3, 1e-3))
        << setting.toml();
  }
}

TEST(DiffusionSampling, ComesFromTheAverageUnlessRawWeightsAreAskedFor) {
  for (const std::string weights : {"ema", "raw"}) {
    const auto model = diffusion(
        "ema.decay = 0.9\nsampler.clip_x0 = false\n"
        "eval.weights = '" +
        weights + "'\n");
    for (const std::string owner : {"ema", "network"}) {
      const auto before = samples_of(*model, 4);
      make_constant(*model, owner);
      const bool scored = (owner == "ema") == (weights == "ema");
      EXPECT_NE(torch::equal(samples_of(*model, 4), before), scored) << weights << owner;
    }
  }
}

TEST(DiffusionSampling, ClampsPixelsAndEveryEstimateOfThemIfAskedTo) {
  // An output of ε = 0.3 everywhere: x̂_0 leaves [−1,1] where little signal is left. The noise of
  // the steps tells whether what follows comes from a clipped one, which DDIM's clamped end does
  // not.
  std::vector<torch::Tensor> by_hand;
  for (const std::string clip : {"true", "false"}) {
    const Setting setting{"epsilon", "linear",
                          "sampler.name = 'ancestral'\nsampler.variance = 'small'\n"
                          "sampler.clip_x0 = " +
                              clip + "\n"};
    const auto model = diffusion(setting.toml());
    make_constant(*model, "network");
    const auto x = sampled_by_hand(
        setting, [](const torch::Tensor& x_t, double) { return torch::full_like(x_t, kOutput); });
    by_hand.push_back(x.clamp(-1.0, 1.0));
    const auto samples = samples_of(*model, 4);
    EXPECT_TRUE(torch::allclose(samples, by_hand.back(), 1e-3, 1e-4)) << clip;
    EXPECT_LE(samples.abs().max().item<float>(), 1.0f);
  }
  EXPECT_GT((by_hand[0] - by_hand[1]).abs().max().item<float>(), 0.5f);
}

TEST(DiffusionSampling, AClippedEstimateLiesWithinPixels) {
  const Denoiser wild = [](const torch::Tensor& x, const torch::Tensor&, const Condition&) {
    return Estimate{.x0 = 4.0 * x, .variance_share = x};
  };
  const auto x = torch::tensor({-2.0, -0.125, 0.0, 0.25, 1.5});
  const auto seen = clipped(wild)(x, torch::tensor(0.5), {});
  EXPECT_TRUE(torch::equal(seen.x0, torch::tensor({-1.0, -0.5, 0.0, 1.0, 1.0})));
  EXPECT_TRUE(torch::equal(seen.variance_share, x));
}

TEST(DiffusionSampling, TheNetworkSeesWhatItsParameterisationMakesOfX) {
  // Of a perceptron that returns what it sees, relu(x) − relu(−x), and of one that returns 0.
  const auto sample = [](double output) {
    const auto model = small_model(R"(family = "diffusion"
model.network = "mlp"
model.hidden_widths = [4]
model.activation = "relu"
objective.process = "edm"
objective.prediction = "F"
sampler.name = "euler"
sampler.steps = 1
)",
                                   {2});
    const torch::NoGradGuard no_grad;
    auto state = state_of(*model);
    for (auto& [name, value] : state) value.zero_();
    const auto both_signs =
        torch::tensor({{1.0F, 0.0F}, {-1.0F, 0.0F}, {0.0F, 1.0F}, {0.0F, -1.0F}});
    state.at("network.layer0.weight").slice(1, 0, 2).copy_(both_signs);
    state.at("network.layer1.weight").copy_(output * both_signs.t());
    return samples_of(*model, 5);
  };
  // One step from σ = 80 ends at x̂_0 = c_skip x + c_out F(c_in x): by Karras et al. 2022, table 1,
  // with σ_data = 0.5, (c_skip + c_out c_in) / c_skip = 1 + σ/σ_data.
  EXPECT_TRUE(torch::allclose(sample(1.0), (1.0 + 80.0 / 0.5) * sample(0.0), 1e-4, 0.0));
}

}  // namespace
}  // namespace assay
