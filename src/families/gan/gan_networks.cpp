// SPDX-License-Identifier: Apache-2.0
#include "families/gan/gan_networks.h"

#include <fmt/format.h>

#include <utility>

#include "core/error.h"
#include "families/gan/critic_penalty.h"
#include "families/gan/initial_weights.h"
#include "families/refuse.h"
#include "nn/blocks/initialise.h"

namespace assay {
namespace {

void check_examples(const Definition& definition, const std::vector<std::int64_t>& example) {
  for (const auto& name : critic_penalties_of(definition)) {
    refuse_if(critic_penalties().at(name).of_images && example.size() != 3, definition,
              fmt::format("objective.{} shifts and flips images, and these are points; set it to 0",
                          name));
  }
}

Sequential prepared(Sequential network, const GanArchitecture& architecture,
                    const ModelArgs& args) {
  if (!architecture.equalised) {
    gan_initial_weights()
        .of(args.definition, "model.initial_weights")
        .draw(*network, args.definition.number("model.initial_sd"), construction_generator());
  }
  network->to(args.device);
  return network;
}

}  // namespace

Sequential plain_critic(const GanArchitecture& architecture, const GanShape& shape) {
  return architecture.discriminator(shape);
}

std::int64_t generator_passes(const Definition& definition) {
  return definition.boolean("objective.packing_apart") ? definition.integer("objective.packing")
                                                       : 1;
}
std::int64_t generator_pass_size(const Definition& definition) {
  return definition.integer("train.batch_size") / generator_passes(definition);
}

CriticNorm critic_norm(const Definition& definition) {
  const auto& architecture = gan_architectures().of(definition, "model.network");
  const bool decodes = adversarial_losses().of(definition, "objective.loss").autoencodes();
  if (decodes && architecture.encoder != nullptr) return CriticNorm::kNothing;
  return decodes && architecture.generator_normalises(definition)
             ? CriticNorm::kBatch
             : architecture.discriminator_norm(definition);
}

bool sees_groups(const Definition& definition) {
  return gan_architectures().of(definition, "model.network").equalised &&
         definition.integer("model.minibatch_stddev") > 0;
}

bool judges_examples_alone(const Definition& definition) {
  return critic_norm(definition) != CriticNorm::kBatch &&
         definition.integer("model.minibatch_discrimination") == 0 && !sees_groups(definition) &&
         definition.integer("objective.packing") == 1 &&
         definition.text("model.condition") == "none";
}

const GanArchitecture& architecture_of(const ModelArgs& args) {
  const auto& definition = args.definition;
  const GanShape shape{definition, args.example_shape};
  const GanArchitecture& architecture = gan_architectures().of(definition, "model.network");
  const auto misfit = architecture.misfit(shape);
  if (!misfit.empty()) throw Error(fmt::format("{}: {}", definition.name, misfit));
  const auto passes = generator_passes(definition);
  refuse_if(
      generator_pass_size(definition) == 1 && architecture.normalises_single_values(shape),
      definition,
      fmt::format("train.batch_size = {}{} leaves the batch normalisation of this model.network "
                  "one value for each channel, whose variance is 0; set train.batch_size to {} or "
                  "more",
                  passes, passes > 1 ? " with objective.packing_apart" : "", 2 * passes));
  check_examples(definition, args.example_shape);
  return architecture;
}

Sequential new_generator(const GanArchitecture& architecture, const ModelArgs& args,
                         const Classes& classes) {
  const GanShape shape{args.definition, args.example_shape, classes.count()};
  return prepared(architecture.generator(shape), architecture, args);
}

Sequential new_discriminator(const GanArchitecture& architecture, const AdversarialLoss& loss,
                             const ModelArgs& args, Classes& classes) {
  auto shape = GanShape{args.definition, args.example_shape}.packed();
  shape.critic_outputs = classes.critic_outputs();
  auto network = loss.critic(architecture, shape);
  classes.add_head(network, shape);
  return prepared(std::move(network), architecture, args);
}

}  // namespace assay
