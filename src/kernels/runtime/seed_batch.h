// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/impl/LocalDispatchKeySet.h>

#include <cstdint>
#include <functional>
#include <vector>

/// Models of one architecture and several seeds, computed as one. A tensor that is *batched over
/// seeds* stands for S tensors of one shape: code written for one model sees that shape, and every
/// ATen operator works seed by seed, by the batching rules of LibTorch's vmap (functorch). What
/// needs more (memory behind a tensor, custom gradients, random draws) asks for the stack [S,…].
namespace assay {

/// While it lives, batched tensors may be computed with on this thread. Not nested.
class SeedBatchScope {
 public:
  explicit SeedBatchScope(std::int64_t seeds);
  ~SeedBatchScope();
  SeedBatchScope(const SeedBatchScope&) = delete;
  SeedBatchScope& operator=(const SeedBatchScope&) = delete;

 private:
  // functorch's own entry and exit of each operator, which box all arguments; with one level
  // there is nothing for them to do.
  c10::impl::ExcludeDispatchKeyGuard no_layers_;
  // A random operator without Noise (nn/noise.h) is an error.
  c10::impl::IncludeDispatchKeyGuard no_random_operators_;
};

/// Within a SeedBatchScope: computes with stacks [S,…] as if outside of it, custom gradients and
/// random draws included.
class OutsideSeedBatch {
 public:
  OutsideSeedBatch();
  ~OutsideSeedBatch();
  OutsideSeedBatch(const OutsideSeedBatch&) = delete;
  OutsideSeedBatch& operator=(const OutsideSeedBatch&) = delete;

 private:
  std::int64_t seeds_;
  c10::impl::ExcludeDispatchKeyGuard no_batches_;
};

/// S within a SeedBatchScope, else 0.
std::int64_t seeds_in_batch();

bool is_batched_over_seeds(const at::Tensor& tensor);

/// The tensor that stands for the S tensors of a stack [S,…]: a view of it.
at::Tensor batch_over_seeds(const at::Tensor& stack);

/// The stack [S,…] behind a batched tensor: a view. Another tensor, equal for all seeds, is
/// expanded; that needs a SeedBatchScope.
at::Tensor stack_over_seeds(const at::Tensor& tensor);

/// one(…) of each seed's tensors, for operators that are best computed seed by seed; undefined
/// tensors stay so. All with their own gradients.
at::Tensor for_each_seed(const std::vector<at::Tensor>& tensors,
                         const std::function<at::Tensor(const std::vector<at::Tensor>&)>& one);

}  // namespace assay
