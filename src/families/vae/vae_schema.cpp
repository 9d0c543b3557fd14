// SPDX-License-Identifier: Apache-2.0
#include "families/encoder_decoder/encoder_decoder.h"
#include "families/latent_fifth.h"
#include "families/objectives/kl_weight.h"
#include "families/objectives/latent_term.h"
#include "families/objectives/patch_gan.h"
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

Schema second_stage_keys() {
  return {
      {.path = "objective.second_stage_share",
       .default_value = 0.0,
       .meaning = "two-stage VAE: last share of the run, which trains a VAE on codes; 0: one stage",
       .minimum = 0,
       .maximum = 0.99},
  };
}

}  // namespace

Schema vae_schema() {
  Schema schema = encoder_decoder_schema();
  for (const auto& keys : {model_keys(), likelihood_keys(), kl_weight_keys(), latent_term_keys(),
                           patch_gan_keys(), second_stage_keys()}) {
    schema.insert(schema.end(), keys.begin(), keys.end());
  }
  schema.push_back(latent_fifth_key());
  return schema;
}

}  // namespace assay
