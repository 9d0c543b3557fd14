// SPDX-License-Identifier: Apache-2.0
// Ten steps beside PyTorch's: the same weights, batches and draws, the step written by others'
// operators and optimizers (tests/oracle/make_gan_oracle.py).
#include <gtest/gtest.h>

#include "tests/families/twin.h"

namespace assay {
namespace {

void fill_weights(Trainable& model) {
  const torch::NoGradGuard no_grad;
  auto state = state_of(model);
  double phase = 0.0;
  for (const std::string name :
       {"generator.0.weight", "generator.1.weight", "generator.1.bias", "generator.3.weight",
        "generator.3.bias", "discriminator.1.weight", "discriminator.1.bias",
        "discriminator.3.weight", "discriminator.3.bias", "discriminator.5.weight",
        "discriminator.5.bias"}) {
    auto& value = state.at(name);
    value.copy_(filled(value.sizes(), phase++));
  }
  for (const int layer : {1, 3, 5}) {
    const auto prefix = "discriminator." + std::to_string(layer);
    if (!state.contains(prefix + ".u")) continue;
    for (const auto& [name, first] : {std::pair(".u", 20), std::pair(".v", 30)}) {
      auto& vector = state.at(prefix + name);
      const auto values = filled(vector.sizes(), first + layer);
      vector.copy_(values / values.norm());
    }
  }
}

const std::map<std::string, std::string>& cases() {
  static const std::map<std::string, std::string> all = {
      {"plain", ""},
      {"least_squares_packed", "objective.loss = 'least_squares'\nobjective.packing = 2\n"},
      {"wgan_gp",
       "objective.loss = 'wasserstein'\nobjective.gradient_penalty = 10\n"
       "objective.discriminator_steps = 2\n"},
      {"wgan_clipped",
       "objective.loss = 'wasserstein'\nobjective.weight_clip = 0.3\n"
       "objective.discriminator_steps = 2\noptimizer.name = 'rmsprop'\n"
       "optimizer.generator_beta2 = 0.99\noptimizer.discriminator_beta2 = 0.99\n"},
      {"hinge_spectral", "objective.loss = 'hinge'\nmodel.spectral_norm = true\n"},
      {"r3gan_lazy",
       "objective.loss = 'relativistic'\nobjective.r1 = 0.5\nobjective.r2 = 0.25\n"
       "objective.penalty_interval = 3\n"}};
  return all;
}

class GanTwin : public testing::TestWithParam<std::string> {};

TEST_P(GanTwin, LosesAndLearnsWhatPyTorchDoes) {
  const auto expected = oracle("gan_oracle.json").at(GetParam());
  const auto model = small_model(R"(family = "gan"
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [8]
model.discriminator_widths = [8, 8]
optimizer.beta1 = 0.5
optimizer.beta2 = 0.9
optimizer.generator_learning_rate = 1e-2
optimizer.discriminator_learning_rate = 2e-2
)" + cases().at(GetParam()),
                                 {2});
  fill_weights(*model);
  const auto noise = seeded(7);
  std::int64_t step = 0;
  for (const auto& row : expected.at("steps")) {
    const Batch batch{filled({8, 2}, 0.37 * static_cast<double>(step)), {}};
    std::map<std::string, double> logged;
    for (const auto& term :
         model->training_step(batch, {.step = step, .total_steps = 10, .noise = noise})) {
      logged[term.name] = term.value.item<double>();
    }
    for (const auto& [name, value] : row.items()) {
      ASSERT_TRUE(logged.contains(name)) << name << " at step " << step;
      // Rounding, which training magnifies.
      const double right = value.get<double>();
      EXPECT_NEAR(logged.at(name), right, 1e-4 * (0.1 + std::abs(right))) << name << step;
    }
    EXPECT_EQ(logged.contains("generator_loss"), row.contains("generator_loss")) << step;
    ++step;
  }
  // The gradient by a Wasserstein critic's last bias is rounding alone, and RMSProp makes steps of
  // it.
  const auto state = state_of(*model);
  for (const std::string network : {"generator", "discriminator"}) {
    EXPECT_NEAR(size_of_weights(state, network) / expected.at(network).get<double>(), 1.0, 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(PyTorch, GanTwin,
                         testing::Values("plain", "least_squares_packed", "wgan_gp", "wgan_clipped",
                                         "hinge_spectral", "r3gan_lazy"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace assay
