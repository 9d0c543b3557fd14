// SPDX-License-Identifier: Apache-2.0
#include "families/gan/unrolled.h"

#include <vector>

#include "kernels/runtime/seed_batch.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

using Tensors = std::vector<torch::Tensor>;

class GradientDescent : public UnrolledUpdates {
 public:
  Tensors next(const Tensors& parameters, const Tensors& gradients, double learning_rate) override {
    Tensors after;
    for (std::size_t i = 0; i < parameters.size(); ++i) {
      after.push_back(parameters[i] - learning_rate * gradients[i]);
    }
    return after;
  }
};

std::unique_ptr<UnrolledUpdates> gradient_descent(const Optimizer&) {
  return std::make_unique<GradientDescent>();
}

std::unique_ptr<UnrolledUpdates> own_updates(const Optimizer& optimizer) {
  return optimizer.unrolled();
}

// An optimizer knows stacks of seeds, not what stands for them.
Tensors next_of(UnrolledUpdates& updates, const Tensors& parameters, const Tensors& gradients,
                double learning_rate) {
  if (seeds_in_batch() == 0) return updates.next(parameters, gradients, learning_rate);
  const auto stacks = [](const Tensors& tensors) {
    Tensors all;
    for (const auto& tensor : tensors) all.push_back(stack_over_seeds(tensor));
    return all;
  };
  const auto of_parameters = stacks(parameters), of_gradients = stacks(gradients);
  const OutsideSeedBatch outside;
  Tensors after = updates.next(of_parameters, of_gradients, learning_rate);
  for (auto& tensor : after) tensor = batch_over_seeds(tensor);
  return after;
}

}  // namespace

const Choices<MakeUnrolledUpdates>& unrolled_updates() {
  static const Choices<MakeUnrolledUpdates> all = {{"own", own_updates}, {"sgd", gradient_descent}};
  return all;
}

Schema unrolled_keys() {
  return {
      {.path = "objective.unrolled_steps",
       .default_value = std::int64_t{0},
       .meaning = "the generator learns from the discriminator as it will be after so many more "
                  "steps, and through these steps (Metz et al. 2017, Unrolled GAN); 0: as it is",
       .unit = "steps",
       .minimum = 0,
       .maximum = 100},
      {.path = "objective.unrolled_updates",
       .default_value = std::string("own"),
       .meaning = "these steps are its own optimizer's, from the moments that it has, or plain "
                  "gradient descent's, at its rate",
       .choices = unrolled_updates().names(),
       .needs = {{"objective.unrolled_steps"}}}};
}

Unrolling::Unrolling(const Definition& definition, Sequential& discriminator,
                     const Optimizer& optimizer)
    : steps_(definition.integer("objective.unrolled_steps")),
      make_updates_(unrolled_updates().of(definition, "objective.unrolled_updates")),
      discriminator_(discriminator),
      optimizer_(optimizer) {}

std::unique_ptr<Substituted> Unrolling::ahead(const StepContext& context,
                                              const std::function<torch::Tensor()>& loss) const {
  if (steps_ == 0) return nullptr;
  auto ahead = std::make_unique<Substituted>(*discriminator_);
  const auto updates = make_updates_(optimizer_);
  const double rate = optimizer_.rate(context);
  Tensors parameters;
  for (const auto& own : ahead->tensors()) parameters.push_back(leaf_of(own));
  for (std::int64_t step = 0; step < steps_; ++step) {
    ahead->set(parameters);
    parameters = next_of(*updates, parameters, gradients_by(loss(), parameters), rate);
  }
  ahead->set(parameters);
  return ahead;
}

}  // namespace assay
