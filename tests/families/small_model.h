// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/CPUGeneratorImpl.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "families/registry.h"
#include "families/sampling.h"

namespace assay {

inline torch::Generator seeded(std::uint64_t seed) { return at::detail::createCPUGenerator(seed); }

/// A model of a definition's text, with the initial weights of seed 1.
inline std::unique_ptr<Trainable> small_model(const std::string& toml,
                                              std::vector<std::int64_t> example_shape,
                                              std::int64_t classes = 0) {
  const auto definition = resolve_text(toml, "here.toml", family_schema, {});
  auto sizes = example_shape;
  sizes.insert(sizes.begin(), 100);
  torch::manual_seed(1);
  return family(definition.family)
      .make({.definition = definition,
             .example_shape = std::move(example_shape),
             .classes = classes,
             .training_images = torch::randint(0, 256, sizes, seeded(8), torch::kUInt8)});
}

/// The model's tensors themselves, by name.
using State = std::map<std::string, torch::Tensor>;
inline State state_of(Trainable& model) {
  struct Recorder : StateVisitor {
    void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
      values[name] = value;
    }
    State values;
  } recorder;
  model.visit_state(recorder);
  return recorder.values;
}

/// Copies of them, to compare with later.
inline State copy_of_state(Trainable& model) {
  State copies;
  for (const auto& [name, value] : state_of(model)) copies[name] = value.detach().clone();
  return copies;
}

/// What a step logs, by name. Its noise is that of seeded(7).
inline std::map<std::string, double> logged_by_step(Trainable& model, const Batch& batch,
                                                    std::int64_t index = 0) {
  std::map<std::string, double> values;
  for (const auto& term : model.training_step(
           batch, {.step = index, .total_steps = 10, .epoch = 0.5, .noise = seeded(7)})) {
    values[term.name] = term.value.item<double>();
  }
  return values;
}

/// Samples that the model draws of seeded(3).
inline torch::Tensor samples_of(Trainable& model, std::int64_t count) {
  return samples_as_one(dynamic_cast<GenerativeModel&>(model),
                        {.count = count, .generator = seeded(3)});
}

}  // namespace assay
