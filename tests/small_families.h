// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "tests/small_diffusion_models.h"
#include "tests/small_family.h"
#include "tests/small_style_gans.h"

namespace assay {

/// The other families.
inline std::vector<SmallFamily> small_models() {
  return {
      {"VaeConv",
       R"(family = "vae"
ema.decay = 0.9
model.channels = [16]
model.hidden_widths = [32]
model.latent_dim = 4
objective.likelihood = "laplace"
objective.scale = "optimal"
)",
       {1, 8, 8}},
      {"VaeMlpGaussian",
       R"(family = "vae"
model.network = "mlp"
model.hidden_widths = [32]
model.latent_dim = 4
objective.likelihood = "gaussian"
objective.sigma = 0.3
)",
       {1, 8, 8}},
      {"VaeMlpBernoulli",
       R"(family = "vae"
ema.decay = 0.9
model.network = "mlp"
model.hidden_widths = [32]
model.latent_dim = 4
)",
       {1, 8, 8}},
      {"VaeResnetLogisticVamp",
       R"(family = "vae"
ema.decay = 0.9
model.network = "resnet"
model.channels = [8]
model.hidden_widths = [32]
model.latent_dim = 4
model.prior = "vamp"
model.pseudo_inputs = 6
objective.likelihood = "discretised_logistic"
objective.scale = "learned"
objective.sigma = 0.3
objective.kl_schedule = "cyclical"
objective.bound = "iwae"
objective.samples = 3
)",
       {1, 8, 8}},
      {"VaeVampIwae",
       R"(family = "vae"
model.network = "resnet"
model.channels = [16]
model.hidden_widths = [32]
model.latent_dim = 4
model.prior = "vamp"
model.pseudo_inputs = 6
objective.bound = "iwae"
objective.samples = 3
)",
       {1, 8, 8}},
      {"VaeBurgessFactorDip",
       R"(family = "vae"
ema.decay = 0.9
train.batch_size = 8
model.network = "burgess"
model.latent_dim = 4
model.discriminator_widths = [16, 16]
objective.kl_parts = "stratified"
objective.factor_gamma = 1
objective.dip = "i"
objective.dip_off_diagonal = 0.1
objective.dip_diagonal = 0.1
)",
       {1, 32, 32}},
      {"VaeFactorDipMmd",
       R"(family = "vae"
train.batch_size = 24
model.network = "mlp"
model.hidden_widths = [32]
model.latent_dim = 4
model.discriminator_widths = [16, 16]
objective.kl_parts = "stratified"
objective.factor_gamma = 1
objective.dip = "ii"
objective.dip_off_diagonal = 0.1
objective.dip_diagonal = 0.1
objective.mmd_weight = 1
)",
       {1, 8, 8}},
      {"VaeConditionalTwoStage",
       R"(family = "vae"
ema.decay = 0.9
model.network = "mlp"
model.hidden_widths = [32]
model.latent_dim = 4
model.conditional = true
model.second_stage_widths = [16]
objective.likelihood = "gaussian"
objective.scale = "learned"
objective.free_bits = 0.1
objective.second_stage_share = 0.25
)",
       {1, 8, 8},
       8},
      {"WaeMmdInfogan",
       R"(family = "vae"
model.network = "infogan"
model.latent_dim = 4
model.posterior = "point"
objective.beta = 0
objective.mmd_weight = 10
objective.likelihood = "gaussian"
objective.sigma = 0.7071
)",
       {1, 8, 8}},
      {"AutoencoderContractiveMixture",
       R"(family = "autoencoder"
ema.decay = 0.9
model.network = "mlp"
model.hidden_widths = [32]
model.latent_dim = 4
model.activation = "tanh"
model.tied = true
objective.corruption = "salt_and_pepper"
objective.corrupted_share = 0.1
objective.contraction = "hutchinson"
objective.contraction_weight = 0.01
sampler.codes = "mixture"
sampler.components = 2
)",
       {1, 8, 8}},
      {"AutoencoderTiedContractive",
       R"(family = "autoencoder"
ema.decay = 0.9
model.network = "mlp"
model.hidden_widths = []
model.latent_dim = 4
model.code_activation = "sigmoid"
model.tied = true
objective.corruption = "salt_and_pepper"
objective.corrupted_share = 0.1
objective.contraction = "closed_form"
objective.contraction_weight = 0.01
)",
       {1, 8, 8}},
      {"AutoencoderSparseConv",
       R"(family = "autoencoder"
model.channels = [16]
model.hidden_widths = [32]
model.latent_dim = 8
model.code_activation = "relu"
model.kept = 6
objective.corruption = "gaussian"
objective.noise_sigma = 0.1
objective.sparsity = "l1"
objective.sparsity_weight = 0.01
)",
       {1, 8, 8}},
      {"VaeMapsPatchGan",
       R"(family = "vae"
ema.decay = 0.9
model.network = "maps"
model.channels = [8, 16]
model.space_to_depth = 2
model.latent_channels = 2
objective.likelihood = "laplace"
objective.sigma = 0.3
objective.beta = 1e-3
objective.patch_gan_weight = 0.001
objective.patch_gan_start = 16
model.patch_gan_channels = 8
model.patch_gan_layers = 1
)",
       {1, 8, 8}},
      {"VqVaePatchGan",
       R"(family = "vq_vae"
model.channels = 16
model.residual_channels = 8
model.codes = 64
model.code_dim = 1
objective.patch_gan_weight = 0.01
objective.patch_gan_adaptive = false
model.patch_gan_channels = 8
model.patch_gan_layers = 2
)",
       {1, 16, 16}},
      {"VqVae",
       R"(family = "vq_vae"
ema.decay = 0.9
model.channels = 16
model.residual_channels = 8
model.codes = 64
model.code_dim = 1
)",
       {1, 16, 16}},
      {"VqVaeMaps",
       R"(family = "vq_vae"
model.network = "maps"
model.level_channels = [8, 16]
model.blocks = 1
model.codes = 64
model.code_dim = 1
)",
       {1, 16, 16}},
      {"Dcgan",
       R"(family = "gan"
optimizer.beta1 = 0.5
ema.decay = 0.9
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
)",
       {1, 8, 8}},
      {"DcganAda",
       R"(family = "gan"
optimizer.beta1 = 0.5
ema.decay = 0.9
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
model.discriminator_norm = "none"
objective.augmentation = "ada"
objective.ada_initial = 0.1
objective.ada_interval = 2
objective.r1 = 0.1
objective.penalty_interval = 2
objective.penalty_step = "apart"
)",
       {1, 8, 8}},
      {"GanPoints",
       R"(family = "gan"
optimizer.beta1 = 0.5
optimizer.gradient_clip = 0.5
ema.decay = 0.9
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16, 24]
model.discriminator_widths = [16]
)",
       {2}},
      {"GanMaxoutMinimax",
       R"(family = "gan"
optimizer.name = "adamw"
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16]
model.maxout_pieces = 3
objective.loss = "minimax"
objective.discriminator_steps = 2
)",
       {2}},
      {"GanWassersteinPenalised",
       R"(family = "gan"
optimizer.discriminator_name = "rmsprop"
ema.decay = 0.9
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16, 12]
objective.loss = "wasserstein"
objective.gradient_penalty = 1
objective.discriminator_steps = 2
)",
       {2}},
      {"GanHingeSpectralPacked",
       R"(family = "gan"
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16, 12]
model.spectral_norm = true
model.minibatch_discrimination = 4
objective.loss = "hinge"
objective.packing = 2
objective.feature_matching = 0.5
)",
       {2}},
      {"DcganRelativisticPenalised",
       R"(family = "gan"
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
model.discriminator_norm = "layer"
objective.loss = "relativistic"
objective.r1 = 0.5
objective.r2 = 0.5
objective.penalty_interval = 2
)",
       {1, 8, 8}},
      {"GanPacPublished",
       R"(family = "gan"
train.batch_size = 8
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16]
model.norm_average = "deviation"
objective.packing = 2
objective.packing_apart = true
objective.updates = "together"
optimizer.epsilon_hat = true
sampler.statistics_batches = 3
)",
       {2}},
      {"GanUnrolled",
       R"(family = "gan"
model.network = "mlp"
model.latent_dim = 2
model.generator_widths = [16]
model.discriminator_widths = [16, 12]
objective.unrolled_steps = 2
)",
       {2}},
      {"GanBegan",
       R"(family = "gan"
ema.decay = 0.9
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
model.discriminator_norm = "none"
model.critic_code_dim = 4
objective.loss = "began"
objective.began_gamma = 1.0
objective.began_lambda = 0.1
)",
       {1, 8, 8}},
      {"DcganProjectionConsistent",
       R"(family = "gan"
ema.decay = 0.9
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
model.discriminator_norm = "none"
model.spectral_norm = true
model.condition = "projection"
objective.loss = "hinge"
objective.consistency = 1
objective.generated_consistency = 1
)",
       {1, 8, 8},
       8},
      {"DcganAcGan",
       R"(family = "gan"
model.latent_dim = 4
model.generator_channels = [16, 8]
model.discriminator_channels = [8, 16]
model.condition = "ac_gan"
)",
       {1, 8, 8},
       8},
      {"Classifier",
       R"(family = "classifier"
optimizer.name = "adamw"
optimizer.schedule = "one_cycle"
)",
       {1, 28, 28},
       10},
  };
}

inline const std::vector<SmallFamily>& small_families() {
  static const auto all = [] {
    auto models = small_models();
    for (const auto& more : {small_diffusion_models(), small_style_gans()}) {
      models.insert(models.end(), more.begin(), more.end());
    }
    return models;
  }();
  return all;
}

/// The one of a label. Throws std::out_of_range for a label that is not there.
inline const SmallFamily& small_family(std::string_view label) {
  for (const auto& setting : small_families()) {
    if (setting.label == label) return setting;
  }
  throw std::out_of_range("no small family " + std::string(label));
}

}  // namespace assay
