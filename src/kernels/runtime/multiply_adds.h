// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>

namespace assay {

/// Counts the multiply-adds of matrix products, convolutions and attention that this thread runs
/// while a counter lives, backward passes included; nothing is counted, nor any time spent, without
/// one. One multiply-add is what papers count as two FLOPs.
///
///   product [n,a]·[a,b]: n·a·b; its gradients as many each
///   convolution: output pixels · weights (transposed: input pixels · weights); padding counts as
///     pixels do; Winograd's as the direct sum it stands for; its gradients as many each
///   attention of n queries and m keys of d numbers: 2·n·m·d, its gradients 4·n·m·d, although a
///     fused one computes its weights once more
///
/// Not counted: element-wise work, sums, outer products of vectors, normalisations, interpolation.
/// Our own loops say what they compute, LibTorch's operators are seen as they are called, and what
/// runs inside a counted one is not counted again. Seeds that train as one model are not told apart
/// by LibTorch's operators: count a model alone.
class MultiplyAddCounter {
 public:
  /// Throws c10::Error where another counts already.
  MultiplyAddCounter();
  ~MultiplyAddCounter();
  MultiplyAddCounter(const MultiplyAddCounter&) = delete;
  MultiplyAddCounter& operator=(const MultiplyAddCounter&) = delete;

  std::int64_t count() const;

 private:
  struct Guard;
  std::unique_ptr<Guard> guard_;
};

/// While it lives nothing is counted: what a sample does not cost.
class MultiplyAddsUncounted {
 public:
  MultiplyAddsUncounted();
  ~MultiplyAddsUncounted();
  MultiplyAddsUncounted(const MultiplyAddsUncounted&) = delete;
  MultiplyAddsUncounted& operator=(const MultiplyAddsUncounted&) = delete;
};

/// What loops of ours call, before work goes to other threads.
void count_multiply_adds(std::int64_t count);

}  // namespace assay
