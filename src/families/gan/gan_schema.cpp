// SPDX-License-Identifier: Apache-2.0
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/augment/augmentation.h"
#include "families/gan/began.h"
#include "families/gan/class_condition.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/gan.h"
#include "families/gan/generator_passes.h"
#include "families/gan/initial_weights.h"
#include "families/gan/latents.h"
#include "families/gan/path_length.h"
#include "families/gan/progress.h"
#include "families/gan/unrolled.h"
#include "families/latent_fifth.h"
#include "families/optimizer.h"

namespace assay {
namespace {

using std::int64_t;

void add(Schema& schema, const Schema& more) {
  schema.insert(schema.end(), more.begin(), more.end());
}

// Those whose weights start as model.initial_weights says.
std::vector<std::string> networks_drawn_so() {
  auto names = gan_architectures().names();
  std::erase_if(names, [](const auto& name) { return gan_architectures().at(name).equalised; });
  return names;
}

Schema network_keys() {
  Schema schema = {{.path = "model.network",
                    .default_value = std::string("dcgan"),
                    .meaning = "linear layers (points or images), or convolutions (images)",
                    .choices = gan_architectures().names()},
                   {.path = "model.latent_dim",
                    .default_value = int64_t{64},
                    .meaning = "dimensions of z",
                    .minimum = 1,
                    .maximum = 65536},
                   {.path = "model.latent",
                    .default_value = std::string("normal"),
                    .meaning = "what z is drawn from: N(0, I), or uniformly from (-1, 1) in each "
                               "dimension",
                    .choices = latent_distributions().names()}};
  for (const auto& name : gan_architectures().names()) {
    add(schema, gan_architectures().at(name).keys());
  }
  add(schema, critic_layer_keys());
  add(schema, batch_norm_keys());
  add(schema, {{.path = "model.initial_weights",
                .default_value = std::string("normal"),
                .meaning = "how weights start: as DCGAN's, compare_gan's, WGAN-GP's or SNGAN's",
                .choices = gan_initial_weights().names(),
                .needs = {{"model.network", networks_drawn_so()}}},
               {.path = "model.initial_sd",
                .default_value = 0.02,
                .meaning = "standard deviation of the initial weights",
                .minimum = 0,
                .maximum = 10,
                .needs = {{"model.network", networks_drawn_so()},
                          {"model.initial_weights", {"normal", "truncated_normal"}}}}});
  return schema;
}

Schema objective_keys() {
  return {{.path = "objective.loss",
           .default_value = std::string("non_saturating"),
           .meaning = "what the two networks minimise",
           .choices = adversarial_losses().names()},
          {.path = "objective.discriminator_steps",
           .default_value = int64_t{1},
           .meaning = "discriminator updates for each update of the generator",
           .minimum = 1,
           .maximum = 1000},
          {.path = "objective.packing",
           .default_value = int64_t{1},
           .meaning = "examples of one origin that the discriminator judges as one (Lin et al. "
                      "2018, PacGAN); train.batch_size is a multiple of it",
           .minimum = 1,
           .maximum = 1024},
          {.path = "objective.packing_apart",
           .default_value = false,
           .meaning = "the generator makes each place of a pack in a pass of its own, with batch "
                      "statistics of its own (Lin et al. 2018, code), not all places in one",
           .needs = {{"objective.packing"}}},
          {.path = "objective.updates",
           .default_value = std::string("in_turn"),
           .meaning = "the generator learns from the discriminator as it is after its step, or "
                      "both from the same pass, before either's step",
           .choices = kTogether.names()},
          {.path = "objective.feature_matching",
           .default_value = 0.0,
           .meaning = "weight of ‖E f(x) − E f(G(z))‖² in the generator's loss, f what the "
                      "discriminator's last layer sees (Salimans et al. 2016); 0: off",
           .minimum = 0,
           .maximum = 1e6},
          {.path = "objective.adversarial_weight",
           .default_value = 1.0,
           .meaning = "weight of objective.loss in the generator's, beside feature matching",
           .minimum = 0,
           .maximum = 1e6,
           .needs = {{"objective.feature_matching"}}}};
}

}  // namespace

Schema gan_schema() {
  Schema schema = network_keys();
  add(schema, objective_keys());
  add(schema, critic_regulariser_keys());
  add(schema, path_length_keys());
  add(schema, augmentation_keys());
  add(schema, class_condition_keys());
  add(schema, began_keys());
  add(schema, unrolled_keys());
  add(schema, failure_keys());
  for (const auto* network : {"generator", "discriminator"}) {
    add(schema, network_optimizer_keys(network));
  }
  schema.push_back({.path = "sampler.statistics_batches",
                    .default_value = int64_t{0},
                    .meaning = "before samples are drawn, so many further batches of the size of "
                               "training's move the generator's running statistics, for these "
                               "samples alone (Lin et al. 2018, code: 50)",
                    .minimum = 0,
                    .maximum = 1e6});
  schema.push_back(latent_fifth_key());
  add(schema, generator_pass_keys());
  return schema;
}

}  // namespace assay
