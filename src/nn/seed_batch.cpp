// SPDX-License-Identifier: Apache-2.0
#include "nn/seed_batch.h"

#include <fmt/format.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/embedding.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/modules/normalization.h>

#include <algorithm>

#include "core/error.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

using Members = std::vector<torch::Tensor*>;

template <class Layer>
Members weight_and_bias(Layer& layer) {
  return {&layer.weight, &layer.bias};
}

template <class Norm>
Members batch_norm_members(Norm& norm) {
  return {&norm.weight, &norm.bias, &norm.running_mean, &norm.running_var,
          &norm.num_batches_tracked};
}

Members members_of(torch::nn::Module& module) {
  namespace nn = torch::nn;
  if (auto* holder = dynamic_cast<HoldsTensors*>(&module)) return holder->held_tensors();
  if (auto* linear = module.as<nn::LinearImpl>()) return weight_and_bias(*linear);
  if (auto* conv = module.as<nn::Conv2dImpl>()) return weight_and_bias(*conv);
  if (auto* conv = module.as<nn::ConvTranspose2dImpl>()) return weight_and_bias(*conv);
  if (auto* table = module.as<nn::EmbeddingImpl>()) return {&table->weight};
  if (auto* norm = module.as<nn::GroupNormImpl>()) return weight_and_bias(*norm);
  if (auto* norm = module.as<nn::LayerNormImpl>()) return weight_and_bias(*norm);
  if (auto* norm = module.as<nn::BatchNorm1dImpl>()) return batch_norm_members(*norm);
  if (auto* norm = module.as<nn::BatchNorm2dImpl>()) return batch_norm_members(*norm);
  return {};
}

void check_known(const Members& members, const torch::Tensor& registered, const std::string& name) {
  const bool known = std::any_of(members.begin(), members.end(), [&](const torch::Tensor* member) {
    return member->is_same(registered);
  });
  if (!known) {
    throw Error(
        fmt::format("train.seed_batch: several seeds of '{}' cannot train as one model yet; set "
                    "train.seed_batch = 0",
                    name));
  }
}

// Whether a module's member is a registered tensor, or stands for the stack of seeds that one is.
bool is_of(const torch::Tensor& member, const torch::Tensor& registered) {
  return member.is_same(registered) ||
         (is_batched_over_seeds(member) && stack_over_seeds(member).is_same(registered));
}

void batch_one(torch::nn::Module& module, const std::string& name) {
  const Members members = members_of(module);
  if (std::any_of(members.begin(), members.end(),
                  [](const auto* member) { return is_batched_over_seeds(*member); })) {
    return;  // a module that is reached twice
  }
  for (const auto& item : module.named_parameters(/*recurse=*/false)) {
    check_known(members, item.value(), fmt::format("{}.{}", name, item.key()));
  }
  for (const auto& item : module.named_buffers(/*recurse=*/false)) {
    check_known(members, item.value(), fmt::format("{}.{}", name, item.key()));
  }
  for (torch::Tensor* member : members) {
    if (member->defined()) *member = batch_over_seeds(*member);
  }
}

}  // namespace

void batch_parameters_over_seeds(torch::nn::Module& network, const std::string& name) {
  for (const auto& item : network.named_modules(name)) batch_one(*item.value(), item.key());
}

std::vector<torch::Tensor*> parameter_members(torch::nn::Module& network) {
  std::vector<torch::Tensor*> all;
  const auto modules = network.named_modules();  // itself as ""
  for (const auto& registered : network.named_parameters()) {
    const auto dot = registered.key().rfind('.');
    const auto owner = dot == std::string::npos ? std::string() : registered.key().substr(0, dot);
    const Members members = members_of(*modules[owner]);
    const auto found = std::find_if(members.begin(), members.end(), [&](const auto* member) {
      return member->defined() && is_of(*member, registered.value());
    });
    if (found == members.end()) {
      throw Error(
          fmt::format("'{}' cannot be replaced for a step by what unrolled steps make of it",
                      registered.key()));
    }
    all.push_back(*found);
  }
  return all;
}

void backward(const torch::Tensor& loss) {
  if (seeds_in_batch() == 0) return loss.backward();
  TORCH_CHECK(is_batched_over_seeds(loss), "the loss is the same for all seeds");
  const auto of_seeds = stack_over_seeds(loss);
  const OutsideSeedBatch stacks;
  of_seeds.sum().backward();
}

torch::Tensor leaf_of(const torch::Tensor& x) {
  if (seeds_in_batch() == 0) return x.detach().requires_grad_();
  return batch_over_seeds(stack_over_seeds(x).detach().contiguous().requires_grad_());
}

torch::Tensor gradient_by(const torch::Tensor& y, const torch::Tensor& leaf) {
  return gradients_by(y, {leaf}).front();
}

std::vector<torch::Tensor> gradients_by(const torch::Tensor& y,
                                        const std::vector<torch::Tensor>& tensors) {
  const auto gradients = [](const torch::Tensor& of, const std::vector<torch::Tensor>& by) {
    return torch::autograd::grad({of}, by, {}, /*retain_graph=*/true,
                                 /*create_graph=*/true);
  };
  if (seeds_in_batch() == 0) return gradients(y, tensors);
  const auto of_seeds = stack_over_seeds(y);
  std::vector<torch::Tensor> stacks;
  for (const auto& tensor : tensors) stacks.push_back(stack_over_seeds(tensor));
  const OutsideSeedBatch outside;
  std::vector<torch::Tensor> found = gradients(of_seeds.sum(), stacks);
  for (auto& gradient : found) gradient = batch_over_seeds(gradient);
  return found;
}

}  // namespace assay
