// SPDX-License-Identifier: Apache-2.0
#include "families/gan/adversarial_loss.h"
#include "families/gan/architecture.h"
#include "families/gan/gan.h"

namespace assay {
namespace {

using std::int64_t;

void add(Schema& schema, const Schema& more) {
  schema.insert(schema.end(), more.begin(), more.end());
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
                    .maximum = 65536}};
  for (const auto& name : gan_architectures().names()) {
    add(schema, gan_architectures().at(name).keys());
  }
  add(schema, {{.path = "model.initial_sd",
                .default_value = 0.02,
                .meaning = "standard deviation of the initial weights",
                .minimum = 0,
                .maximum = 10}});
  return schema;
}

Schema objective_keys() {
  return {{.path = "objective.loss",
           .default_value = std::string("non_saturating"),
           .meaning = "what the generator minimises",
           .choices = adversarial_losses().names()},
          {.path = "objective.discriminator_steps",
           .default_value = int64_t{1},
           .meaning = "discriminator updates for each update of the generator",
           .minimum = 1,
           .maximum = 1000}};
}

Schema optimizer_keys() {
  return {{.path = "optimizer.generator_learning_rate",
           .default_value = 0.0,
           .meaning = "the generator's step size; 0: optimizer.learning_rate",
           .minimum = 0,
           .maximum = 10},
          {.path = "optimizer.discriminator_learning_rate",
           .default_value = 0.0,
           .meaning = "the discriminator's step size; 0: optimizer.learning_rate",
           .minimum = 0,
           .maximum = 10}};
}

}  // namespace

Schema gan_schema() {
  Schema schema = network_keys();
  add(schema, objective_keys());
  add(schema, optimizer_keys());
  return schema;
}

}  // namespace assay
