// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/sequential.h"

#include <torch/nn/modules/activation.h>
#include <torch/nn/modules/linear.h>

#include <optional>
#include <utility>
#include <vector>

#include "kernels/product/perceptron.h"
#include "kernels/runtime/seed_batch.h"
#include "nn/blocks/batch_norm.h"
#include "nn/blocks/linear.h"

namespace assay {
namespace {

using torch::nn::Module;

std::optional<double> slope_of(Module& module) {
  if (module.as<torch::nn::ReLU>() != nullptr) return 0.0;
  if (auto* leaky = module.as<torch::nn::LeakyReLU>()) return leaky->options.negative_slope();
  return std::nullopt;
}

// The layers of a perceptron with which some modules begin.
struct Run {
  std::vector<PerceptronLayer> layers;
  std::vector<BatchNorm1dImpl*> norms;
  std::size_t end;
};

Run run_from(std::size_t begin, std::size_t end, SequentialImpl& modules) {
  const auto at = [&](std::size_t index) { return index < end ? modules.ptr(index) : nullptr; };
  Run run{.layers = {}, .norms = {}, .end = begin};
  while (const auto module = at(run.end)) {
    const auto* linear = module->as<LinearImpl>();
    if (linear == nullptr) break;
    PerceptronLayer layer{.weight = linear->weight, .bias = linear->bias, .norm = {}, .slope = {}};
    ++run.end;
    if (const auto next = at(run.end)) {
      auto* norm = next->as<BatchNorm1dImpl>();
      if (norm != nullptr && norm->is_training() && norm->options.momentum()) {
        layer.norm = {.terms = {norm->weight, norm->bias, norm->running_mean, norm->running_var},
                      .momentum = *norm->options.momentum(),
                      .epsilon = norm->options.eps()};
        run.norms.push_back(norm);
        ++run.end;
      }
    }
    if (const auto next = at(run.end)) {
      layer.slope = slope_of(*next);
      if (layer.slope) ++run.end;
    }
    run.layers.push_back(std::move(layer));
  }
  return run;
}

bool changes_nothing(Module& module, const torch::Tensor& x) {
  auto* flatten = module.as<torch::nn::Flatten>();
  return flatten != nullptr && x.dim() == 2 && flatten->options.start_dim() == 1;
}

}  // namespace

torch::Tensor SequentialImpl::forward(const torch::Tensor& x) {
  return forward_through(x, 0, size());
}

torch::Tensor SequentialImpl::forward_through(const torch::Tensor& x, std::size_t begin,
                                              std::size_t end) {
  const bool of_seeds = seeds_in_batch() > 0;
  torch::Tensor y = x;
  for (std::size_t index = begin; index < end;) {
    const Run run =
        of_seeds ? run_from(index, end, *this) : Run{.layers = {}, .norms = {}, .end = index};
    if (!run.layers.empty() && perceptron_suits(y, run.layers)) {
      for (auto* norm : run.norms) stack_over_seeds(norm->num_batches_tracked).add_(1);
      y = perceptron_over_seeds(y, run.layers);
      index = run.end;
      continue;
    }
    if (!of_seeds || !changes_nothing(*ptr(index), y))
      y = (*(this->begin() + static_cast<std::ptrdiff_t>(index))).forward(y);
    ++index;
  }
  return y;
}

}  // namespace assay
