// SPDX-License-Identifier: Apache-2.0
// StyleGAN and StyleGAN2 beside PyTorch's of the same weights: images, logits, and ten steps with
// lazy R1, path length, mixing and noise (tests/oracle/make_stylegan_oracle.py).
#include <gtest/gtest.h>

#include "families/gan/architecture.h"
#include "families/labels.h"
#include "tests/families/twin.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 3, kCount = 8, kImage = 2;

struct Case {
  std::string name, toml;
};

void PrintTo(const Case& of, std::ostream* out) { *out << of.name; }

std::vector<Case> cases() {
  const std::string second = "model.network = 'stylegan2'\n";
  return {
      {"stylegan2", second},
      {"stylegan2_path_length", second + "objective.path_length = 2\n"},
      {"stylegan2_apart", second + "objective.path_length = 2\nobjective.penalty_step = 'apart'\n"},
      {"stylegan2_plain", second +
                              "model.demodulate = false\nmodel.style_generator = 'plain'\n"
                              "model.style_discriminator = 'plain'\nmodel.minibatch_stddev = 0\n"},
      {"stylegan2_projection", second + "model.condition = 'projection'\n"},
      {"stylegan2_embedding",
       second + "model.condition = 'embedding'\nmodel.class_embedding = 7\n"},
      {"stylegan", "model.network = 'stylegan'\nmodel.style_discriminator = 'plain'\n"}};
}

const char* const kSmall = R"(family = "gan"
model.latent_dim = 5
model.style_dim = 6
model.mapping_layers = 2
model.style_channel_base = 64
model.style_channel_max = 8
objective.r1 = 400
objective.penalty_interval = 2
optimizer.learning_rate = 2e-3
optimizer.beta1 = 0.0
optimizer.beta2 = 0.99
)";

// As the script fills them: by the place of the name among all of the network's.
void fill_by_names(const State& values) {
  const torch::NoGradGuard no_grad;
  double phase = 0.0;
  for (const auto& [name, value] : values) {
    const bool large = name.ends_with("weight") || name.ends_with("const");
    const bool slow = name.find("mapping.fc") != std::string::npos;
    torch::Tensor(value).copy_(
        filled(value.sizes(), phase++, (large ? 1.4 : 0.3) * (slow ? 100.0 : 1.0)));
  }
}

State values_of(torch::nn::Module& network) {
  State values;
  for (const auto& item : network.named_parameters()) values[item.key()] = item.value();
  for (const auto& item : network.named_buffers()) values[item.key()] = item.value();
  return values;
}

State below(Trainable& model, const std::string& network) {
  State values;
  for (const auto& [name, value] : state_of(model)) {
    if (name.starts_with(network + ".") && !name.ends_with("mean_style")) values[name] = value;
  }
  return values;
}

void expect_near(const torch::Tensor& values, const nlohmann::json& right, double tolerance) {
  const auto all = values.flatten();
  ASSERT_EQ(all.numel(), static_cast<std::int64_t>(right.size()));
  for (std::int64_t i = 0; i < all.numel(); ++i) {
    const auto expected = right[static_cast<std::size_t>(i)].get<double>();
    EXPECT_NEAR(all[i].item<double>(), expected, tolerance * (1.0 + std::abs(expected)));
  }
}

class StyleGanTwin : public testing::TestWithParam<Case> {};

TEST_P(StyleGanTwin, GivesWhatPyTorchsOfTheSameWeightsGives) {
  const auto expected = oracle("stylegan_oracle.json").at(GetParam().name);
  const torch::NoGradGuard no_grad;
  const auto definition = resolve_text(kSmall + GetParam().toml, "here.toml", family_schema, {});
  const bool conditional = definition.text("model.condition") != "none";
  const GanShape shape{definition, {kImage, 16, 16}, conditional ? kClasses : 0};
  const auto& architecture = gan_architectures().of(definition, "model.network");
  auto generator = architecture.generator(shape);
  fill_by_names(values_of(*generator));
  auto z = filled({kCount, 5}, 0.3);
  if (conditional) {
    z = torch::cat({z, assay::one_hot(torch::arange(kCount).remainder(kClasses), kClasses)}, 1);
  }
  const auto images = generator->forward(z);
  for (const int phase : {0, 1}) {
    const auto flat = images.flatten(1);
    expect_near(torch::mv(flat, filled(flat.sizes().slice(1), 11 + phase)),
                expected.at("images")[static_cast<std::size_t>(phase)], 2e-5);
  }
  if (conditional) return;  // its head is the step's
  auto discriminator = architecture.discriminator(shape);
  fill_by_names(values_of(*discriminator));
  expect_near(discriminator->forward(filled({kCount, kImage, 16, 16}, 0.7)), expected.at("logits"),
              2e-5);
}

TEST_P(StyleGanTwin, LosesAndLearnsWhatPyTorchDoes) {
  const auto expected = oracle("stylegan_oracle.json").at(GetParam().name);
  const auto model = small_model(kSmall + GetParam().toml, {kImage, 16, 16}, kClasses);
  fill_by_names(below(*model, "generator"));
  fill_by_names(below(*model, "discriminator"));
  const auto noise = seeded(7);
  std::int64_t step = 0;
  for (const auto& row : expected.at("steps")) {
    const Batch batch{filled({kCount, kImage, 16, 16}, 0.37 * static_cast<double>(step)),
                      (torch::arange(kCount) + step).remainder(kClasses)};
    std::map<std::string, double> logged;
    for (const auto& term :
         model->training_step(batch, {.step = step, .total_steps = 10, .noise = noise})) {
      logged[term.name] = term.value.item<double>();
    }
    for (const auto& [name, value] : row.items()) {
      ASSERT_TRUE(logged.contains(name)) << name << " at step " << step;
      // Rounding, which Adam's steps of single signs magnify.
      const double right = value.get<double>();
      EXPECT_NEAR(logged.at(name), right, 1e-3 * (0.01 + std::abs(right))) << name << step;
    }
    ++step;
  }
  EXPECT_EQ(step, 10);
  for (const std::string network : {"generator", "discriminator"}) {
    const double right = expected.at(network).get<double>();
    EXPECT_NEAR(size_of_weights(state_of(*model), network), right, 1e-5 * right) << network;
  }
}

INSTANTIATE_TEST_SUITE_P(Cases, StyleGanTwin, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace assay
