// SPDX-License-Identifier: Apache-2.0
// Every loss with every regulariser on every architecture of a GAN, as far as they may combine.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "core/error.h"
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/gan.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 3;

/// A point of that space.
struct Point {
  std::string toml;
  std::vector<std::int64_t> example;
};

const std::string kStyle =
    "model.style_dim = 3\nmodel.mapping_layers = 1\nmodel.style_channel_base = 32\n"
    "model.style_channel_max = 4\n";

const std::map<std::string, Point>& architectures() {
  static const std::map<std::string, Point> all = {
      {"mlp",
       {"model.network = 'mlp'\nmodel.generator_widths = [8]\nmodel.discriminator_widths = [8, "
        "8]\n",
        {2}}},
      {"dcgan",
       {"model.generator_channels = [8]\nmodel.discriminator_channels = [8, 8]\n"
        "model.discriminator_norm = 'none'\n",
        {1, 8, 8}}},
      {"infogan",
       {"model.network = 'infogan'\nmodel.infogan_width = 2\n"
        "model.discriminator_norm = 'none'\n",
        {1, 8, 8}}},
      {"sngan",
       {"model.network = 'sngan'\nmodel.sngan_generator_width = 4\n"
        "model.sngan_discriminator_width = 4\n",
        {1, 8, 8}}},
      {"stylegan", {"model.network = 'stylegan'\n" + kStyle, {1, 8, 8}}},
      {"stylegan2", {"model.network = 'stylegan2'\n" + kStyle, {1, 8, 8}}}};
  return all;
}

// One line each; what else a switch may bring is in its own tests.
std::vector<std::string> switches() {
  std::vector<std::string> all = {"",
                                  "model.spectral_norm = true\n",
                                  "model.minibatch_discrimination = 3\n",
                                  "objective.packing = 2\n",
                                  "objective.packing = 2\nobjective.packing_apart = true\n"
                                  "model.norm_average = 'deviation'\n",
                                  "objective.updates = 'together'\noptimizer.epsilon_hat = true\n"
                                  "sampler.statistics_batches = 2\n",
                                  "objective.feature_matching = 1\n",
                                  "objective.discriminator_steps = 2\n",
                                  "model.condition = 'projection'\n",
                                  "model.condition = 'ac_gan'\n",
                                  "objective.unrolled_steps = 2\n",
                                  "objective.unrolled_steps = 1\n"
                                  "objective.unrolled_updates = 'sgd'\n"};
  for (const auto& name : critic_penalties().names()) {
    const bool lazy = !critic_penalties().at(name).every_step;
    all.push_back("objective." + name + " = 0.4\n" +
                  (lazy ? "objective.penalty_interval = 2\n" : ""));
  }
  for (const auto& name : critic_projections().names()) {
    all.push_back("objective." + name + " = 0.05\n");
  }
  return all;
}

std::vector<Point> points(const std::string& loss) {
  std::vector<Point> all;
  for (const auto& name : gan_architectures().names()) {
    const auto& [toml, example] = architectures().at(name);
    for (const auto& regulariser : switches()) {
      all.push_back(
          {"family = 'gan'\nema.decay = 0.9\nmodel.latent_dim = 2\n"
           "model.initial_sd = 0.2\nobjective.loss = '" +
               loss + "'\n" + toml + regulariser,
           example});
    }
  }
  return all;
}

/// Null for what may not be combined.
std::unique_ptr<Trainable> model_or_refusal(const Point& point) {
  try {
    check_gan(resolve_text(point.toml, "here.toml", family_schema, {}));
    return small_model(point.toml, point.example, kClasses);
  } catch (const Error&) {
    return nullptr;
  }
}

bool same_bits(const State& a, const State& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && torch::equal(x.second, y.second);
  });
}

void train(Trainable& model, const Point& point, std::int64_t from, std::int64_t to,
           const torch::Generator& noise) {
  auto sizes = point.example;
  sizes.insert(sizes.begin(), 8);
  for (std::int64_t step = from; step < to; ++step) {
    const auto seed = static_cast<std::uint64_t>(100 + step);
    const Batch batch{torch::rand(sizes, seeded(seed)) * 2 - 1,
                      (torch::arange(8) + step).remainder(kClasses)};
    for (const auto& term : model.training_step(
             batch, {.step = step, .total_steps = 8, .images_seen = 8 * step, .noise = noise})) {
      EXPECT_TRUE(torch::isfinite(term.value).item<bool>()) << term.name;
      EXPECT_FALSE(term.value.requires_grad()) << term.name;
    }
  }
}

class GanSpace : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(GanSpace, TrainsRepeatsResumesAndIsSampledWithoutMoving) {
  std::int64_t refused = 0;
  for (const Point& point : points(GetParam())) {
    SCOPED_TRACE(point.toml);
    const auto model = model_or_refusal(point);
    if (!model) {
      ++refused;
      continue;
    }
    const auto again = small_model(point.toml, point.example, kClasses);
    const auto start = copy_of_state(*model);
    auto noise = seeded(2), same_noise = seeded(2);
    train(*model, point, 0, 3, noise);
    const auto saved = copy_of_state(*model);
    const auto* first = saved.contains("generator.0.weight") ? "generator.0.weight"
                                                             : "generator.0.mapping.fc0.weight";
    EXPECT_FALSE(torch::equal(saved.at(first), start.at(first)));
    samples_of(*model, 3);
    EXPECT_TRUE(same_bits(saved, copy_of_state(*model))) << "sampling moved it";

    const auto resumed = small_model(point.toml, point.example, kClasses);
    {
      const torch::NoGradGuard no_grad;
      for (auto& [name, value] : state_of(*resumed)) value.copy_(saved.at(name));
    }
    const auto resumed_noise = noise.clone();
    train(*model, point, 3, 6, noise);
    train(*resumed, point, 3, 6, resumed_noise);
    EXPECT_TRUE(same_bits(copy_of_state(*model), copy_of_state(*resumed))) << "resume";
    train(*again, point, 0, 6, same_noise);
    EXPECT_TRUE(same_bits(copy_of_state(*model), copy_of_state(*again))) << "repeat";
  }
  // On each architecture: smoothed labels where there are none; the eleven switches and, of images,
  // both consistencies that leave a slope unbounded which the loss needs bounded; of an
  // autoencoding discriminator, what needs its features, minibatch discrimination, clipping,
  // spectral norm, and, but for infogan's, which normalises nothing, penalties on slopes of single
  // examples. Of points: both consistencies. Of style networks: autoencoding discriminators,
  // spectral norm, minibatch discrimination, fresh statistics and two of the gradient penalties,
  // beside the others.
  const auto& loss = adversarial_losses().at(GetParam());
  constexpr std::int64_t kOfStyles = 2;
  const auto all = static_cast<std::int64_t>(gan_architectures().names().size());
  const auto on_all = all - kOfStyles;
  const std::int64_t of_style = loss.autoencodes() ? static_cast<std::int64_t>(switches().size())
                                : loss.needs_bounded_slope ? 11 + 2 + 3
                                                           : 5;
  const std::int64_t unlabelled = loss.logistic || loss.autoencodes() ? 0 : 1;
  EXPECT_EQ(refused, on_all * ((loss.logistic ? 0 : 1) + (loss.needs_bounded_slope ? 11 : 0) +
                               (loss.autoencodes() ? 3 + 2 + 1 : 0)) +
                         (loss.autoencodes() ? 4 * (on_all - 1) : 0) +
                         (loss.needs_bounded_slope ? 2 * (on_all - 1) : 0) + 2 +
                         kOfStyles * (of_style + unlabelled));
}

INSTANTIATE_TEST_SUITE_P(Losses, GanSpace, testing::ValuesIn(adversarial_losses().names()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace assay
