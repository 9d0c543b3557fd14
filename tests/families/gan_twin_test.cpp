// SPDX-License-Identifier: Apache-2.0
// Ten steps beside PyTorch's: the same weights, batches and draws, the step written by others'
// operators and optimizers (tests/oracle/make_gan_oracle.py).
#include <gtest/gtest.h>

#include "tests/families/twin.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 3;

// The parameters in the order in which the script fills them.
std::vector<std::string> filled_names(const State& state) {
  const auto layers = [](const std::string& network, std::initializer_list<const char*> numbers) {
    std::vector<std::string> of_network;
    for (const std::string layer : numbers) {
      for (const auto* suffix : {".weight", ".bias"})
        of_network.push_back(network + layer + suffix);
    }
    return of_network;
  };
  std::vector<std::string> names;
  for (const auto& some :
       {layers("generator.", {"0", "1", "2", "3"}), layers("discriminator.", {"1", "3", "5"}),
        layers("discriminator.class_head.", {"0"}),
        layers("discriminator.0.encoder.", {"1", "3", "5"}),
        layers("discriminator.0.decoder.", {"0", "2"})}) {
    for (const auto& name : some) {
      if (state.contains(name)) names.push_back(name);
    }
  }
  return names;
}

void fill_weights(Trainable& model) {
  const torch::NoGradGuard no_grad;
  auto state = state_of(model);
  double phase = 0.0;
  for (const auto& name : filled_names(state)) {
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
       "objective.penalty_interval = 3\n"},
      {"dragan", "objective.dragan = 10\n"},
      {"minimax_together", "objective.loss = 'minimax'\nobjective.updates = 'together'\n"},
      {"projection",
       "model.condition = 'projection'\nobjective.loss = 'hinge'\nobjective.r2 = 0.5\n"},
      {"projection_wgan_gp",
       "model.condition = 'projection'\nobjective.loss = 'wasserstein'\n"
       "objective.gradient_penalty = 10\nobjective.discriminator_steps = 2\n"},
      {"ac_gan",
       "model.condition = 'ac_gan'\nobjective.class_weight = 0.5\n"
       "objective.generator_class_weight = 0.25\n"},
      {"unrolled", "objective.unrolled_steps = 3\n"},
      {"unrolled_descent",
       "objective.loss = 'minimax'\nobjective.unrolled_steps = 2\n"
       "objective.unrolled_updates = 'sgd'\n"},
      {"began",
       "objective.loss = 'began'\nobjective.began_gamma = 0.9\nobjective.began_lambda = 4\n"
       "model.critic_code_dim = 3\nmodel.generator_batch_norm = false\n"}};
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
                                 {2}, kClasses);
  fill_weights(*model);
  const auto noise = seeded(7);
  std::int64_t step = 0;
  for (const auto& row : expected.at("steps")) {
    const Batch batch{filled({8, 2}, 0.37 * static_cast<double>(step)),
                      (torch::arange(8) + step).remainder(kClasses)};
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
  if (expected.contains("equilibrium")) {
    EXPECT_NEAR(state.at("equilibrium.k").item<double>(), expected.at("equilibrium").get<double>(),
                1e-5);
  }
  for (const std::string network : {"generator", "discriminator"}) {
    EXPECT_NEAR(size_of_weights(state, network) / expected.at(network).get<double>(), 1.0, 1e-3);
  }
}

INSTANTIATE_TEST_SUITE_P(PyTorch, GanTwin,
                         testing::Values("plain", "least_squares_packed", "wgan_gp", "wgan_clipped",
                                         "hinge_spectral", "r3gan_lazy", "dragan",
                                         "minimax_together", "projection", "projection_wgan_gp",
                                         "ac_gan", "unrolled", "unrolled_descent", "began"),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace assay
