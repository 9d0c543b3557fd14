// SPDX-License-Identifier: Apache-2.0
#include "families/autoencoder/autoencoder.h"
#include "families/autoencoder/autoencoder_choices.h"
#include "families/encoder_decoder/encoder_decoder.h"
#include "families/latent_fifth.h"
#include "families/objectives/corruption.h"

namespace assay {
namespace {

using std::int64_t;

Schema model_and_sampler_keys() {
  return {
      {.path = "model.code_activation",
       .default_value = std::string("none"),
       .meaning = "nonlinearity of the code itself",
       .choices = kCodeActivations.names()},
      {.path = "model.kept",
       .default_value = int64_t{0},
       .meaning = "k-sparse: entries of a code that are kept, the largest; 0: all",
       .minimum = 0,
       .maximum = 65536},
      {.path = "model.tied",
       .default_value = false,
       .meaning = "mlp: the decoder's weights are the encoder's, transposed"},
      {.path = "sampler.codes",
       .default_value = std::string("gaussian"),
       .meaning = "what is fitted to codes of training images, to draw new ones from",
       .choices = kCodeFits.names()},
      {.path = "sampler.components",
       .default_value = int64_t{10},
       .meaning = "mixture: Gaussians",
       .minimum = 1,
       .maximum = 10000,
       .needs = {{"sampler.codes", {"mixture"}}}},
      {.path = "sampler.fit_images",
       .default_value = int64_t{10000},
       .meaning =
           "codes that it is fitted to, drawn from the training split by a fixed permutation; "
           "0: all",
       .unit = "images",
       .minimum = 0,
       .maximum = 1e8},
      {.path = "sampler.fit_seed",
       .default_value = int64_t{0},
       .meaning = "mixture: seed of its starting centres",
       .minimum = 0,
       .maximum = 4294967295,
       .needs = {{"sampler.codes", {"mixture"}}}},
  };
}

Schema objective_keys() {
  return {
      {.path = "objective.reconstruction",
       .default_value = std::string("squared_error"),
       .meaning =
           "squared error of images in [-1,1], or cross-entropy in [0,1]; summed over values",
       .choices = kReconstructions.names()},
      {.path = "objective.corruption",
       .default_value = std::string("none"),
       .meaning = "what a denoising autoencoder's encoder sees",
       .choices = kCorruptions.names()},
      {.path = "objective.noise_sigma",
       .default_value = 0.5,
       .meaning = "gaussian corruption: standard deviation",
       .unit = "of images in [-1,1]",
       .minimum = 0,
       .maximum = 1000,
       .needs = {{"objective.corruption", {"gaussian"}}}},
      {.path = "objective.corrupted_share",
       .default_value = 0.25,
       .meaning = "masking, salt_and_pepper: probability that a value is overwritten",
       .minimum = 0,
       .maximum = 1,
       .needs = {{"objective.corruption", {"masking", "salt_and_pepper"}}}},
      {.path = "objective.sparsity",
       .default_value = std::string("none"),
       .meaning = "penalty on codes: their L1 norm, or the KL of their mean activation to a target",
       .choices = kSparsities.names()},
      {.path = "objective.sparsity_weight",
       .default_value = 3.0,
       .meaning = "its weight",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.sparsity"}}},
      {.path = "objective.sparsity_target",
       .default_value = 0.05,
       .meaning = "kl: wanted mean activation of each unit",
       .minimum = 1e-6,
       .maximum = 0.999999,
       .needs = {{"objective.sparsity", {"kl"}}}},
      {.path = "objective.contraction",
       .default_value = std::string("none"),
       .meaning =
           "penalty on the encoder's Jacobian: in closed form (one sigmoid layer), exact, or "
           "estimated from random directions",
       .choices = kContractions.names()},
      {.path = "objective.contraction_weight",
       .default_value = 0.1,
       .meaning = "its weight",
       .minimum = 0,
       .maximum = 1e6,
       .needs = {{"objective.contraction"}}},
      {.path = "objective.contraction_probes",
       .default_value = int64_t{1},
       .meaning = "hutchinson: random directions per step",
       .minimum = 1,
       .maximum = 10000,
       .needs = {{"objective.contraction", {"hutchinson"}}}},
  };
}

}  // namespace

Schema autoencoder_schema() {
  Schema schema = encoder_decoder_schema();
  for (const auto& keys : {model_and_sampler_keys(), objective_keys()}) {
    schema.insert(schema.end(), keys.begin(), keys.end());
  }
  schema.push_back(latent_fifth_key());
  return schema;
}

}  // namespace assay
