// SPDX-License-Identifier: Apache-2.0
// Ten steps beside PyTorch's: the same weights, batches and draws, the step written by others'
// operators, distributions and optimizers (tests/oracle/make_step_oracle.py).
#include <gtest/gtest.h>

#include <ostream>

#include "tests/families/twin.h"

namespace assay {
namespace {

struct Case {
  std::string name;
  std::string keys;
};
void PrintTo(const Case& one, std::ostream* out) { *out << one.name; }

// What all cases of a family have in common, and the side of their images.
struct Setting {
  std::string toml;
  std::int64_t side = 4;
  double scale = 0.6;  // of the weights
};

const Setting& setting_of(const std::string& name) {
  static const Setting vae = {R"(family = "vae"
train.batch_size = 8
optimizer.learning_rate = 1e-2
model.network = "mlp"
model.activation = "relu"
model.hidden_widths = [8]
model.latent_dim = 3
model.discriminator_widths = [6, 6]
optimizer.discriminator_learning_rate = 2e-2
)"};
  static const Setting autoencoder = {R"(family = "autoencoder"
optimizer.learning_rate = 1e-2
model.network = "mlp"
model.activation = "relu"
model.latent_dim = 3
)"};
  static const Setting vq_vae = {R"(family = "vq_vae"
optimizer.learning_rate = 1e-2
model.channels = 4
model.residual_channels = 3
model.residual_layers = 1
model.codes = 6
model.code_dim = 2
)",
                                 8};
  static const Setting maps = {R"(family = "vae"
optimizer.learning_rate = 1e-3
model.network = "maps"
model.channels = [4, 8]
model.groups = 2
model.latent_channels = 2
objective.likelihood = "laplace"
objective.sigma = 0.5
objective.beta = 0.1
)",
                               8, 0.3};
  static const Setting ddpm = {R"(family = "ddpm"
optimizer.learning_rate = 1e-3
model.base_channels = 8
model.multipliers = [1, 2]
model.groups = 4
model.heads = 2
objective.timesteps = 100
sampler.steps = 10
)",
                               8, 0.2};
  if (name.starts_with("vae_maps")) return maps;
  if (name.starts_with("vae")) return vae;
  if (name.starts_with("autoencoder")) return autoencoder;
  return name.starts_with("vq_vae") ? vq_vae : ddpm;
}

const std::string adversarial =
    "objective.patch_gan_weight = 0.5\nmodel.patch_gan_layers = 1\n"
    "optimizer.patch_gan_learning_rate = 2e-3\noptimizer.patch_gan_beta1 = 0.5\n"
    "optimizer.patch_gan_beta2 = 0.9\n";

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"vae_bernoulli", ""},
      {"vae_gaussian_warm_up",
       "objective.likelihood = 'gaussian'\nobjective.sigma = 0.5\nobjective.beta = 4\n"
       "objective.kl_warm_up_epochs = 2\nobjective.samples = 2\n"},
      {"vae_iwae",
       "objective.likelihood = 'laplace'\nobjective.sigma = 0.5\nobjective.samples = 3\n"
       "objective.bound = 'iwae'\n"},
      {"vae_free_bits", "objective.beta = 2\nobjective.free_bits = 0.3\n"},
      {"vae_capacity",
       "objective.capacity = 5\nobjective.capacity_gamma = 20\nobjective.capacity_steps = 6\n"},
      {"vae_beta_tc", "objective.kl_parts = 'weighted'\nobjective.total_correlation_weight = 6\n"},
      {"vae_factor", "objective.factor_gamma = 3\n"},
      {"vae_dip_mmd",
       "objective.dip = 'ii'\nobjective.dip_off_diagonal = 10\nobjective.dip_diagonal = 5\n"
       "objective.mmd_weight = 8\n"},
      {"autoencoder", "model.hidden_widths = [8]\n"},
      {"autoencoder_masked",
       "model.hidden_widths = [8]\nobjective.reconstruction = 'cross_entropy'\n"
       "objective.corruption = 'masking'\nobjective.corrupted_share = 0.4\n"},
      {"autoencoder_noisy_l1",
       "model.hidden_widths = [8]\nobjective.corruption = 'gaussian'\nobjective.noise_sigma = 0.3\n"
       "objective.sparsity = 'l1'\nobjective.sparsity_weight = 0.5\n"},
      {"autoencoder_sparse_contractive",
       "model.hidden_widths = []\nmodel.code_activation = 'sigmoid'\nobjective.sparsity = 'kl'\n"
       "objective.sparsity_weight = 2\nobjective.sparsity_target = 0.2\n"
       "objective.contraction = 'closed_form'\nobjective.contraction_weight = 0.3\n"},
      {"vq_vae", ""},
      {"vq_vae_committed", "objective.commitment = 2\nmodel.codebook_decay = 0.5\n"},
      {"vae_maps", ""},
      {"vae_maps_patch_gan",
       "model.space_to_depth = 2\nmodel.attention = false\n"
       "objective.patch_gan_start = 16\nmodel.patch_gan_channels = 4\n" +
           adversarial},
      {"vq_vae_patch_gan",
       "objective.patch_gan_weight = 0.5\nobjective.patch_gan_adaptive = false\n"
       "model.patch_gan_layers = 1\nmodel.patch_gan_channels = 8\n"},
      {"vq_vae_adaptive", "model.patch_gan_channels = 4\n" + adversarial},
      {"ddpm_epsilon", ""},
      {"ddpm_v_cosine",
       "objective.prediction = 'v'\nobjective.schedule = 'cosine'\n"
       "objective.time_sampling = 'stratified'\n"},
      {"ddpm_x0_min_snr", "objective.prediction = 'x0'\nobjective.weighting = 'min_snr'\n"}};
  return all;
}

// The script's weights, in the order of their names.
void fill_weights(const State& state, const std::string& network, double phase, double scale) {
  const torch::NoGradGuard no_grad;
  for (const auto& [name, value] : state) {
    if (!name.starts_with(network + ".") || !value.requires_grad()) continue;
    torch::Tensor(value).copy_(filled(value.sizes(), phase++, scale));
  }
}

class StepTwin : public testing::TestWithParam<Case> {};

TEST_P(StepTwin, LosesAndLearnsWhatPyTorchDoes) {
  const auto& [name, keys] = GetParam();
  const auto& [toml, side, scale] = setting_of(name);
  const auto expected = oracle("step_oracle.json").at(name);
  const auto model = small_model(toml + keys, {1, side, side});
  const auto state = state_of(*model);
  fill_weights(state, "network", 0.0, scale);
  fill_weights(state, "discriminator", 20.0, 0.6);
  fill_weights(state, "patch_gan", 60.0, 0.3);
  if (state.contains("network.codebook")) {
    auto codebook = state.at("network.codebook");
    codebook.copy_(filled(codebook.sizes(), 50.0));
  }
  const auto noise = seeded(7);
  std::int64_t step = 0;
  for (const auto& row : expected.at("steps")) {
    const Batch batch{filled({8, 1, side, side}, 0.37 * static_cast<double>(step), 0.9), {}};
    std::map<std::string, double> logged;
    for (const auto& term : model->training_step(batch, {.step = step,
                                                        .total_steps = 10,
                                                        .images_seen = 8 * step,
                                                        .epoch = 0.25 * static_cast<double>(step),
                                                        .noise = noise})) {
      logged[term.name] = term.value.item<double>();
    }
    for (const auto& [term, value] : row.items()) {
      ASSERT_TRUE(logged.contains(term)) << term << " at step " << step;
      // Rounding, which training magnifies.
      const double right = value.get<double>();
      EXPECT_NEAR(logged.at(term), right, 1e-4 * (0.1 + std::abs(right))) << term << step;
    }
    ++step;
  }
  EXPECT_EQ(step, 10);
  const double size = size_of_weights(state, "network") + size_of_weights(state, "discriminator") +
                      size_of_weights(state, "patch_gan");
  EXPECT_NEAR(size / expected.at("weights").get<double>(), 1.0, 1e-4);
  if (expected.contains("codebook")) {
    const auto sum = state.at("network.codebook").to(torch::kDouble).abs().sum().item<double>();
    EXPECT_NEAR(sum / expected.at("codebook").get<double>(), 1.0, 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(PyTorch, StepTwin, testing::ValuesIn(cases()),
                         [](const auto& test) { return test.param.name; });

}  // namespace
}  // namespace assay
