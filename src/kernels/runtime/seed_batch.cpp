// SPDX-License-Identifier: Apache-2.0
#include "kernels/runtime/seed_batch.h"

#include <ATen/ATen.h>
#include <ATen/functorch/BatchedFallback.h>
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>

namespace assay {
namespace {

namespace functorch = at::functorch;
using c10::DispatchKey;

constexpr std::int64_t kLevel = 1;  // the only one

thread_local std::int64_t current_seeds = 0;

c10::DispatchKeySet layer_keys() {
  return c10::DispatchKeySet(
      {DispatchKey::FuncTorchDynamicLayerFrontMode, DispatchKey::FuncTorchDynamicLayerBackMode});
}

void push_level(std::int64_t seeds) {
  const auto level = functorch::initAndPushDynamicLayer(
      functorch::TransformType::Vmap, c10::SymInt(seeds), functorch::RandomnessType::Error);
  TORCH_INTERNAL_ASSERT(level == kLevel, "a seed batch within a transform of functorch");
  current_seeds = seeds;
}

void pop_level() {
  functorch::popDynamicLayerAndDeleteMetadata();
  current_seeds = 0;
}

std::int64_t checked(std::int64_t seeds) {
  TORCH_CHECK(seeds > 0, "a seed batch of ", seeds);
  TORCH_CHECK(current_seeds == 0, "a seed batch within a seed batch");
  return seeds;
}

}  // namespace

SeedBatchScope::SeedBatchScope(std::int64_t seeds)
    : no_layers_(layer_keys()), no_random_operators_(DispatchKey::FuncTorchVmapMode) {
  // An operator without a batching rule is done seed by seed; nobody needs to be told of that.
  functorch::setVmapFallbackWarningEnabled(false);
  push_level(checked(seeds));
}

SeedBatchScope::~SeedBatchScope() { pop_level(); }

OutsideSeedBatch::OutsideSeedBatch()
    : seeds_(current_seeds),
      no_batches_(
          c10::DispatchKeySet({DispatchKey::FuncTorchVmapMode, DispatchKey::FuncTorchBatched})) {
  TORCH_CHECK(seeds_ > 0, "not within a seed batch");
  pop_level();
}

OutsideSeedBatch::~OutsideSeedBatch() { push_level(seeds_); }

std::int64_t seeds_in_batch() { return current_seeds; }

bool is_batched_over_seeds(const at::Tensor& tensor) {
  return tensor.defined() && functorch::isBatchedTensor(tensor);
}

at::Tensor batch_over_seeds(const at::Tensor& stack) {
  return functorch::makeBatched(stack, /*dim=*/0, kLevel);
}

at::Tensor stack_over_seeds(const at::Tensor& tensor) {
  if (const auto* batched = functorch::maybeGetBatchedImpl(tensor)) {
    return batched->bdim() == 0 ? batched->value() : batched->value().movedim(batched->bdim(), 0);
  }
  TORCH_CHECK(current_seeds > 0, "not within a seed batch");
  auto sizes = tensor.sizes().vec();
  sizes.insert(sizes.begin(), current_seeds);
  return tensor.unsqueeze(0).expand(sizes);
}

at::Tensor for_each_seed(const std::vector<at::Tensor>& tensors,
                         const std::function<at::Tensor(const std::vector<at::Tensor>&)>& one) {
  std::vector<std::vector<at::Tensor>> of_tensors;
  for (const auto& tensor : tensors) {
    of_tensors.push_back(tensor.defined() ? stack_over_seeds(tensor).unbind(0)
                                          : std::vector<at::Tensor>());
  }
  const auto seeds = static_cast<std::size_t>(seeds_in_batch());
  const OutsideSeedBatch stacks;
  std::vector<at::Tensor> results;
  for (std::size_t seed = 0; seed < seeds; ++seed) {
    std::vector<at::Tensor> of_seed;
    for (const auto& all : of_tensors) of_seed.push_back(all.empty() ? at::Tensor() : all[seed]);
    results.push_back(one(of_seed));
  }
  return batch_over_seeds(at::stack(results));
}

}  // namespace assay
