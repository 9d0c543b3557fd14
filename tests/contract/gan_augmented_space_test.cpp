// SPDX-License-Identifier: Apache-2.0
// What the discriminator sees, what normalises it, and penalties with steps of their own, with all
// that they may combine with: beside gan_space_test.cpp, where each switch stands alone.
#include <ATen/Parallel.h>
#include <gtest/gtest.h>

#include "families/gan/adversarial_loss.h"
#include "families/gan/gan.h"
#include "tests/families/small_model.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 3;

const std::string kDcgan =
    "model.generator_channels = [8]\nmodel.discriminator_channels = [8, 8]\n"
    "model.discriminator_norm = 'none'\n";
const std::string kSngan =
    "model.network = 'sngan'\nmodel.sngan_generator_width = 4\n"
    "model.sngan_discriminator_width = 4\n";
const std::string kStyle =
    "model.network = 'stylegan2'\nmodel.style_dim = 3\nmodel.mapping_layers = 1\n"
    "model.style_channel_base = 32\nmodel.style_channel_max = 4\n";
const std::string kDiffAugment = "objective.augmentation = 'diff_augment'\n";
const std::string kAda =
    "objective.augmentation = 'ada'\nobjective.ada_initial = 0.5\nobjective.ada_interval = 2\n"
    "objective.ada_kimg = 0.1\n";
const std::string kApart = "objective.penalty_interval = 2\nobjective.penalty_step = 'apart'\n";
const std::string kPath =
    "objective.path_length = 2\nobjective.path_length_interval = 2\n"
    "objective.path_length_batch_shrink = 3\n";

struct Setting {
  std::string label, toml;
};
void PrintTo(const Setting& setting, std::ostream* out) { *out << setting.label; }

const std::vector<Setting>& settings() {
  static const std::vector<Setting> all = {
      {"DiffAugmentLazyR1", kDcgan + kDiffAugment + "objective.r1 = 1\n" + kApart},
      {"DiffAugmentPackedWganGp", kDcgan + kDiffAugment +
                                      "objective.packing = 2\nobjective.loss = 'wasserstein'\n"
                                      "objective.gradient_penalty = 10\n"},
      {"DiffAugmentRelativisticMatching",
       kSngan + kDiffAugment + "objective.loss = 'relativistic'\nobjective.feature_matching = 1\n"},
      {"DiffAugmentBegan", kDcgan + kDiffAugment + "objective.loss = 'began'\n"},
      {"DiffAugmentUnrolled", kDcgan + kDiffAugment + "objective.unrolled_steps = 1\n"},
      {"AdaR1", kDcgan + kAda + "objective.r1 = 1\n"},
      {"AdaPackedDragan", kSngan + kAda + "objective.packing = 2\nobjective.dragan = 1\n"},
      {"AdaLeastSquaresTogether",
       kDcgan + kAda + "objective.loss = 'least_squares'\nobjective.updates = 'together'\n"},
      {"AdaHingeProjectionTwoSteps",
       kSngan + kAda +
           "objective.loss = 'hinge'\nmodel.condition = 'projection'\n"
           "objective.discriminator_steps = 2\n"},
      {"AdaUnrolledBlit",
       kDcgan + kAda + "objective.unrolled_steps = 1\nobjective.ada_pipeline = 'blit'\n"},
      {"StylePathLength", kStyle + kPath},
      {"StyleEverything", kStyle + kPath + kAda + kApart +
                              "objective.r1 = 1\nmodel.condition = 'projection'\n"
                              "sampler.truncation = 0.7\nema.half_life_images = 100\n"
                              "ema.ramp_ratio = 0.5\n"}};
  return all;
}

// Every loss behind each norm of a discriminator; the others have none.
std::vector<Setting> normalised() {
  const std::map<std::string, std::string> networks = {
      {"Dcgan", "model.generator_channels = [8]\nmodel.discriminator_channels = [8, 8]\n"},
      {"Infogan", "model.network = 'infogan'\nmodel.infogan_width = 2\n"}};
  std::vector<Setting> all;
  for (const auto& [label, network] : networks) {
    for (const std::string norm : {"batch", "layer"}) {
      const auto normed = network + "model.discriminator_norm = '" + norm + "'\n";
      for (const auto& name : adversarial_losses().names()) {
        const auto& loss = adversarial_losses().at(name);
        if (loss.autoencodes()) continue;
        all.push_back({label + "_" + norm + "_" + name,
                       normed + "objective.loss = '" + name + "'\n" +
                           (loss.needs_bounded_slope ? "objective.weight_clip = 0.1\n" : "")});
      }
      for (const std::string more :
           {"objective.packing = 2\n", "objective.feature_matching = 1\n",
            "model.condition = 'ac_gan'\n", "objective.unrolled_steps = 1\n"}) {
        all.push_back(
            {label + "_" + norm + "_" + more.substr(more.find('.') + 1, 7), normed + more});
      }
    }
    all.push_back(
        {label + "_layer_wgan_gp", network + "model.discriminator_norm = 'layer'\nobjective.loss = "
                                             "'wasserstein'\nobjective.gradient_penalty = 10\n"});
    all.push_back({label + "_batch_dragan_of_sigmoids",
                   network + "objective.dragan = 10\nobjective.slope_of = 'sigmoid'\n"});
  }
  return all;
}

std::unique_ptr<Trainable> model_of(const Setting& setting) {
  const auto toml =
      "family = 'gan'\ntrain.batch_size = 8\nmodel.latent_dim = 2\n" +
      std::string(setting.toml.find("ema.") == std::string::npos ? "ema.decay = 0.9\n" : "") +
      setting.toml;
  check_gan(resolve_text(toml, "here.toml", family_schema, {}));
  return small_model(toml, {1, 8, 8}, kClasses);
}

bool same_bits(const State& a, const State& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](const auto& x, const auto& y) {
    return x.first == y.first && torch::equal(x.second, y.second);
  });
}

void train(Trainable& model, std::int64_t from, std::int64_t to, const torch::Generator& noise) {
  for (std::int64_t step = from; step < to; ++step) {
    const auto images =
        torch::rand({8, 1, 8, 8}, seeded(static_cast<std::uint64_t>(100 + step))) * 2 - 1;
    for (const auto& term : model.training_step(
             {images, torch::arange(8).remainder(kClasses)},
             {.step = step, .total_steps = 8, .images_seen = 8 * step, .noise = noise})) {
      EXPECT_TRUE(torch::isfinite(term.value).item<bool>()) << term.name;
      EXPECT_FALSE(term.value.requires_grad()) << term.name;
      EXPECT_EQ(term.value.dim(), 0) << term.name;
    }
  }
}

class AugmentedGanSpace : public testing::TestWithParam<Setting> {
 protected:
  void SetUp() override { at::set_num_threads(1); }
};

TEST_P(AugmentedGanSpace, TrainsRepeatsResumesAndIsSampledWithoutMoving) {
  const auto model = model_of(GetParam()), again = model_of(GetParam()),
             resumed = model_of(GetParam());
  auto noise = seeded(2), same_noise = seeded(2);
  train(*model, 0, 3, noise);
  const auto saved = copy_of_state(*model);
  samples_of(*model, 3);
  EXPECT_TRUE(same_bits(saved, copy_of_state(*model))) << "sampling moved it";
  {
    const torch::NoGradGuard no_grad;
    for (auto& [name, value] : state_of(*resumed)) value.copy_(saved.at(name));
  }
  const auto resumed_noise = noise.clone();
  train(*model, 3, 6, noise);
  train(*resumed, 3, 6, resumed_noise);
  EXPECT_TRUE(same_bits(copy_of_state(*model), copy_of_state(*resumed))) << "resume";
  EXPECT_FALSE(same_bits(saved, copy_of_state(*model))) << "nothing was learnt";
  train(*again, 0, 6, same_noise);
  EXPECT_TRUE(same_bits(copy_of_state(*model), copy_of_state(*again))) << "repeat";
}

INSTANTIATE_TEST_SUITE_P(Normalised, AugmentedGanSpace, testing::ValuesIn(normalised()),
                         [](const auto& test) { return test.param.label; });

INSTANTIATE_TEST_SUITE_P(Settings, AugmentedGanSpace, testing::ValuesIn(settings()),
                         [](const auto& test) { return test.param.label; });

}  // namespace
}  // namespace assay
