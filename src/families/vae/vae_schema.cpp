// SPDX-License-Identifier: Apache-2.0
#include "families/encoder_decoder/encoder_decoder.h"
#include "families/vae/vae.h"
#include "families/vae/vae_choices.h"

namespace assay {
namespace {

using std::int64_t;

Schema model_keys() {
  return {
      {.path = "model.posterior",
       .default_value = std::string("gaussian"),
       .meaning = "q(z|x): a diagonal Gaussian, or a point (WAE: needs objective.beta = 0)",
       .choices = kPosteriors.names()},
      {.path = "model.prior",
       .default_value = std::string("standard_normal"),
       .meaning = "p(z): N(0, I), or a mixture of the posteriors of learned pseudo-inputs "
                  "(VampPrior)",
       .choices = kPriors.names()},
      {.path = "model.pseudo_inputs",
       .default_value = int64_t{500},
       .meaning = "vamp: components of the prior",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"model.prior", {"vamp"}}}},
      {.path = "model.conditional",
       .default_value = false,
       .meaning = "encoder and decoder see the class; samples go through the classes in turn"},
      {.path = "model.discriminator_widths",
       .default_value = std::vector<int64_t>{1000, 1000, 1000, 1000, 1000, 1000},
       .meaning = "FactorVAE: widths of the discriminator's hidden layers",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "model.second_stage_widths",
       .default_value = std::vector<int64_t>{1024, 1024, 1024},
       .meaning = "two-stage VAE: widths of the second encoder and decoder",
       .minimum = 1,
       .maximum = 65536,
       .needs = {{"objective.second_stage_share"}}},
  };
}

Schema likelihood_keys() {
  return {
      {.path = "objective.likelihood",
       .default_value = std::string("bernoulli"),
       .meaning =
           "p(x|z): Bernoulli on images in [0,1], Gaussian or Laplace on [-1,1], or logistic "
           "probabilities of 8-bit levels",
       .choices = kLikelihoods.names()},
      {.path = "objective.scale",
       .default_value = std::string("fixed"),
       .meaning = "all but Bernoulli: objective.sigma, the maximum-likelihood scale of each batch "
                  "(sigma-VAE), or a learned one that starts at objective.sigma",
       .choices = kScales.names(),
       .needs = {{"objective.likelihood", {"gaussian", "laplace", "discretised_logistic"}}}},
      {.path = "objective.sigma",
       .default_value = 1.0,
       .meaning = "the Gaussian's standard deviation, the Laplace's b or the logistic's s",
       .unit = "of images in [-1,1]",
       .minimum = 1e-6,
       .maximum = 1e6,
       .needs = {{"objective.likelihood", {"gaussian", "laplace", "discretised_logistic"}},
                 {"objective.scale", {"fixed", "learned"}}}},
      {.path = "objective.bound",
       .default_value = std::string("elbo"),
       .meaning =
           "what is maximised: the mean over samples, or the importance-weighted bound (IWAE)",
       .choices = kBounds.names()},
      {.path = "objective.samples",
       .default_value = int64_t{1},
       .meaning = "codes drawn per image: L of the ELBO, k of the importance-weighted bound",
       .minimum = 1,
       .maximum = 10000},
  };
}

Schema kl_keys() {
  return {
      {.path = "objective.beta",
       .default_value = 1.0,
       .meaning = "weight of the KL term",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.kl_warm_up_epochs",
       .default_value = 0.0,
       .meaning = "the KL term's weight rises linearly over this time",
       .unit = "epochs",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.kl_schedule",
       .default_value = std::string("linear"),
       .meaning = "course of that weight: one warm-up, or cycles over the run (Fu et al. 2019)",
       .choices = kKlSchedules.names()},
      {.path = "objective.kl_cycles",
       .default_value = int64_t{4},
       .meaning = "cyclical: cycles in the run",
       .minimum = 1,
       .maximum = 1e6,
       .needs = {{"objective.kl_schedule", {"cyclical"}}}},
      {.path = "objective.kl_cycle_rise",
       .default_value = 0.5,
       .meaning = "cyclical: share of a cycle in which the weight rises",
       .minimum = 1e-6,
       .maximum = 1,
       .needs = {{"objective.kl_schedule", {"cyclical"}}}},
      {.path = "objective.free_bits",
       .default_value = 0.0,
       .meaning = "a dimension's mean KL below this costs as much as this (Kingma et al. 2016); 0: "
                  "no free bits",
       .unit = "nats",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.capacity",
       .default_value = 0.0,
       .meaning = "the KL is pulled to a capacity that grows to this (Burgess et al. 2018); 0: no "
                  "capacity",
       .unit = "nats",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.capacity_gamma",
       .default_value = 1000.0,
       .meaning = "weight of |KL - capacity|",
       .minimum = 0,
       .maximum = 1e9,
       .needs = {{"objective.capacity"}}},
      {.path = "objective.capacity_steps",
       .default_value = int64_t{100000},
       .meaning = "the capacity is reached after this many steps",
       .unit = "steps",
       .minimum = 1,
       .maximum = 1e12,
       .needs = {{"objective.capacity"}}},
      {.path = "objective.kl_parts",
       .default_value = std::string("none"),
       .meaning =
           "estimator that splits the KL term into mutual information, total correlation and "
           "dimension-wise KL (Chen et al. 2018)",
       .choices = kKlParts.names()},
      {.path = "objective.mutual_information_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the mutual information, besides beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
      {.path = "objective.total_correlation_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the total correlation, besides beta; beta-TCVAE's beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
      {.path = "objective.dimension_wise_kl_weight",
       .default_value = 1.0,
       .meaning = "kl_parts: weight of the dimension-wise KL, besides beta",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.kl_parts"}}},
  };
}

Schema penalty_keys() {
  return {
      {.path = "objective.factor_gamma",
       .default_value = 0.0,
       .meaning = "FactorVAE: weight of the total correlation that a discriminator estimates; 0: "
                  "none",
       .minimum = 0,
       .maximum = 1e6},
      {.path = "objective.dip",
       .default_value = std::string("none"),
       .meaning = "DIP-VAE: pulls the covariance of the posterior means (i) or of the codes (ii) "
                  "to the identity",
       .choices = kDips.names()},
      {.path = "objective.dip_off_diagonal",
       .default_value = 10.0,
       .meaning = "dip: weight of the squared off-diagonal entries",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.dip"}}},
      {.path = "objective.dip_diagonal",
       .default_value = 100.0,
       .meaning = "dip: weight of the diagonal's squared distance from 1",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.dip"}}},
      {.path = "objective.mmd_weight",
       .default_value = 0.0,
       .meaning = "weight of the squared MMD between q(z) and N(0, I): lambda of WAE-MMD, alpha + "
                  "lambda - 1 of InfoVAE (whose 1 - alpha is beta); 0: none",
       .minimum = 0,
       .maximum = 1e9},
      {.path = "objective.mmd_kernel",
       .default_value = std::string("inverse_multiquadratic"),
       .meaning = "its kernel: WAE's of seven scales, or one Gaussian",
       .choices = kMmdKernels.names(),
       .needs = {{"objective.mmd_weight"}}},
      {.path = "objective.mmd_bandwidth",
       .default_value = 1.0,
       .meaning = "its bandwidth s: C = 2 latent_dim s^2",
       .minimum = 1e-6,
       .maximum = 1e6,
       .needs = {{"objective.mmd_weight"}}},
      {.path = "objective.second_stage_share",
       .default_value = 0.0,
       .meaning = "two-stage VAE: last share of the run, which trains a VAE on codes; 0: one stage",
       .minimum = 0,
       .maximum = 0.99},
      {.path = "optimizer.discriminator_learning_rate",
       .default_value = 1e-4,
       .meaning = "FactorVAE: step size of the discriminator",
       .minimum = 0,
       .maximum = 10,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "optimizer.discriminator_beta1",
       .default_value = 0.5,
       .meaning = "FactorVAE: its decay of the first moment",
       .minimum = 0,
       .maximum = 0.999999,
       .needs = {{"objective.factor_gamma"}}},
      {.path = "optimizer.discriminator_beta2",
       .default_value = 0.9,
       .meaning = "FactorVAE: its decay of the second moment",
       .minimum = 0,
       .maximum = 0.9999999,
       .needs = {{"objective.factor_gamma"}}},
  };
}

}  // namespace

Schema vae_schema() {
  Schema schema = encoder_decoder_schema();
  for (const auto& keys : {model_keys(), likelihood_keys(), kl_keys(), penalty_keys()}) {
    schema.insert(schema.end(), keys.begin(), keys.end());
  }
  return schema;
}

}  // namespace assay
