// SPDX-License-Identifier: Apache-2.0
#include "harness/seed_batch.h"

#include <fmt/format.h>
#include <torch/utils.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "core/error.h"
#include "harness/state.h"
#include "kernels/runtime/seed_batch.h"
#include "nn/seed_batch.h"

namespace assay {
namespace {

constexpr std::int64_t kMostParameters = std::int64_t{1} << 21;

// Stacks the state of the models of all places into that of the model it visits.
class Stacker : public StateVisitor {
 public:
  explicit Stacker(const std::vector<Trainable*>& models) {
    for (Trainable* model : models) {
      states_.push_back(model == nullptr ? TensorMap() : state_tensors(*model));
    }
  }

  void tensor(const std::string& name, torch::Tensor& value, StateKind kind) override {
    const std::vector<torch::Tensor> parts = parts_of(name);
    // Adam's count of steps (nn/optim/adam.h).
    if (kind == StateKind::kOptimizer && name.ends_with(".step")) return share(parts, value, name);
    const torch::Tensor stack = torch::stack(filled(parts)).detach();
    value.set_data(stack);
    for (std::size_t place = 0; place < parts.size(); ++place) {
      const auto& part = parts[place];
      if (part.defined()) part.set_data(stack.select(0, static_cast<std::int64_t>(place)));
    }
    // Of a tensor beside all modules this is the one that the model computes with; module() does
    // the others.
    if (kind != StateKind::kOptimizer) value = batch_over_seeds(value);
  }

  void module(const std::string& prefix, torch::nn::Module& module) override {
    batch_parameters_over_seeds(module, prefix);
  }

 private:
  // One a place; undefined where it is empty.
  std::vector<torch::Tensor> parts_of(const std::string& name) const {
    std::vector<torch::Tensor> parts;
    for (const TensorMap& state : states_) {
      parts.push_back(state.empty() ? torch::Tensor() : state.at(name));
    }
    return parts;
  }

  static std::vector<torch::Tensor> filled(std::vector<torch::Tensor> parts) {
    const torch::Tensor donor =
        *std::find_if(parts.begin(), parts.end(), [](const auto& part) { return part.defined(); });
    for (auto& part : parts) {
      if (!part.defined()) part = donor;
    }
    return parts;
  }

  // A number of steps done, the same for all.
  static void share(const std::vector<torch::Tensor>& parts, torch::Tensor& value,
                    const std::string& name) {
    const auto all = filled(parts);
    value.copy_(all.front());
    for (const auto& part : all) {
      TORCH_CHECK(torch::equal(part, value), "seeds differ in ", name);
    }
    for (const auto& part : parts) {
      if (part.defined()) part.set_data(value);
    }
  }

  std::vector<TensorMap> states_;
};

// One part of what all places see, batched over them.
torch::Tensor batched(const std::vector<SeedBatch::Input>& inputs, std::size_t donor,
                      torch::Tensor Batch::*part) {
  std::vector<torch::Tensor> parts;
  for (const auto& input : inputs) {
    const bool given = input.batch.images.defined();
    parts.push_back((given ? input : inputs[donor]).batch.*part);
  }
  if (!parts.front().defined()) return {};
  return batch_over_seeds(torch::stack(parts));
}

std::vector<std::vector<LossValue>> values_of_places(const std::vector<LossTerm>& terms,
                                                     std::int64_t places) {
  const torch::NoGradGuard no_grad;
  std::vector<torch::Tensor> rows;
  for (const auto& term : terms) rows.push_back(stack_over_seeds(term.value));
  const OutsideSeedBatch stacks;
  const torch::Tensor table = torch::stack(rows).to(torch::kCPU, torch::kFloat64);
  std::vector<std::vector<LossValue>> values(static_cast<std::size_t>(places));
  const double* value = table.const_data_ptr<double>();
  for (const auto& term : terms) {
    for (auto& of_place : values) of_place.push_back({term.name, *value++});
  }
  return values;
}

// What LibTorch's batching, and operators of ours that know only one seed, say; all else went wrong
// for a reason of its own.
bool is_of_batching(std::string_view problem) {
  constexpr std::array<std::string_view, 5> kSigns = {"vmap", "atching rule", "functorch",
                                                      "one seed at a time", "same for all seeds"};
  return std::any_of(kSigns.begin(), kSigns.end(), [&](std::string_view sign) {
    return problem.find(sign) != std::string_view::npos;
  });
}

[[noreturn]] void refuse(const std::string& all) {
  throw Error(
      fmt::format("train.seed_batch: several seeds of this model cannot train as one ({}); set "
                  "train.seed_batch = 0",
                  all.substr(0, all.find('\n'))));
}

}  // namespace

bool faster_together(Trainable& model, std::int64_t places) {
  return parameter_count(model) * places <= kMostParameters;
}

SeedBatch::SeedBatch(std::unique_ptr<Trainable> trained, const std::vector<Trainable*>& models)
    : trained_(std::move(trained)) {
  while (models.at(donor_) == nullptr) ++donor_;
  const torch::NoGradGuard no_grad;
  Stacker stacker(models);
  trained_->visit_state(stacker);
}

std::vector<std::vector<LossValue>> SeedBatch::training_step(const std::vector<Input>& inputs,
                                                             const StepContext& context) {
  const auto places = static_cast<std::int64_t>(inputs.size());
  const Batch batch{.images = batched(inputs, donor_, &Batch::images),
                    .labels = batched(inputs, donor_, &Batch::labels),
                    .factors = batched(inputs, donor_, &Batch::factors)};
  std::vector<torch::Generator> generators;
  for (const auto& input : inputs) generators.push_back(input.noise);
  StepContext of_all = context;
  of_all.noise = Noise(std::move(generators));
  const SeedBatchScope scope(places);
  try {
    return values_of_places(trained_->training_step(batch, of_all), places);
  } catch (const c10::Error& problem) {
    const std::string all = problem.what_without_backtrace();
    if (!is_of_batching(all)) throw;
    refuse(all);
  }
}

}  // namespace assay
