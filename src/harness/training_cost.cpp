// SPDX-License-Identifier: Apache-2.0
#include "harness/training_cost.h"

#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <vector>

#include "data/binarisation.h"
#include "families/first_stage.h"
#include "families/stretches.h"
#include "harness/blocks.h"
#include "harness/environment.h"
#include "harness/evaluation_inputs.h"
#include "harness/runner.h"
#include "harness/seed_run.h"
#include "harness/state.h"
#include "kernels/runtime/multiply_adds.h"

namespace assay {
namespace {

std::vector<Stretch> stretches_of(const Trainable& model, std::int64_t total) {
  const auto* uneven = dynamic_cast<const UnevenTraining*>(&model);
  return uneven != nullptr ? uneven->stretches(total) : std::vector<Stretch>{{total, 1}};
}

// A model's state, to which it can be put back: the same tensors with the same numbers. Some models
// replace a tensor where others change it, and one that trains in a stack is views of it.
class StateKept {
 public:
  explicit StateKept(Trainable& model) : model_(model), tensors_(state_tensors(model)) {
    for (const auto& [name, value] : tensors_) numbers_[name] = value.detach().clone();
  }

  void put_back() {
    struct Visitor : StateVisitor {
      explicit Visitor(const TensorMap& all) : tensors(all) {}
      void tensor(const std::string& name, torch::Tensor& value, StateKind) override {
        const torch::Tensor& own = tensors.at(name);
        if (!value.is_same(own)) value = own;
      }
      const TensorMap& tensors;
    } visitor(tensors_);
    model_.visit_state(visitor);
    restore_state(model_, numbers_, "the model before its cost was counted");
  }

 private:
  Trainable& model_;
  TensorMap tensors_, numbers_;
};

}  // namespace

double training_multiply_adds(Trainable& model, const Definition& definition, std::uint64_t seed,
                              const Dataset& dataset) {
  const torch::Device device = device_of(model);
  StateKept state(model);
  const torch::AutoGradMode graph(true);
  const auto noise = make_generator(device, seed, "eval_cost");
  BatchStream batches(training_source(dataset), batch_stream_options(definition, seed));
  const std::int64_t batch_size = definition.integer("train.batch_size");
  const std::int64_t total = run_length(definition).steps;
  double of_run = 0.0;
  if (auto* latent = dynamic_cast<OnFirstStage*>(&model)) {
    const MultiplyAddCounter once;
    latent->first_stage_restored();
    of_run += static_cast<double>(once.count());
  }
  std::int64_t first = 0;
  for (const Stretch& stretch : stretches_of(model, total)) {
    const std::int64_t steps = std::min(stretch.cycle, stretch.steps);
    const MultiplyAddCounter counter;
    for (std::int64_t step = first; step < first + steps; ++step) {
      const Batch batch = on_device(batches.next(), device);
      const std::int64_t seen = step * batch_size;
      const double epoch = static_cast<double>(seen) / static_cast<double>(dataset.train.size());
      model.training_step(batch, {step, total, seen, epoch, noise});
    }
    if (steps > 0) {
      const double often = static_cast<double>(stretch.steps) / static_cast<double>(steps);
      of_run += often * static_cast<double>(counter.count());
    }
    first += stretch.steps;
  }
  state.put_back();
  return of_run / static_cast<double>(total * batch_size);
}

}  // namespace assay
