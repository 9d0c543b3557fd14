// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <vector>

namespace assay {

/// A model whose samples are told what to show by a sequence of tokens. Token f says which of
/// token_sizes()[f] values, counted from 0, the f-th thing has that an example shows.
class TokenModel {
 public:
  virtual ~TokenModel() = default;
  /// One number for each token of a sequence; empty for a model that is told none.
  virtual std::vector<std::int64_t> token_sizes() const = 0;
  /// What the first `count` of sample()'s samples are asked to show, [count,L] i64 on the CPU. Of
  /// one token: its values in turn. Of several: sample i is asked for place i·s mod P of the grid
  /// of all P combinations, the last token running fastest, with s the first number from P (√5−1)/2
  /// up that has no common divisor with P: over P samples every value of a token as often as
  /// others.
  virtual torch::Tensor sample_tokens(std::int64_t count) const = 0;
  /// As many samples as `values` [n,L] i64 has rows, of the noise that sample() draws of the same
  /// generator, each told its row: [n,…] on the CPU. No state changes. Throws c10::Error for values
  /// that the tokens do not take.
  virtual torch::Tensor sample_of_tokens(const torch::Tensor& values,
                                         torch::Generator generator) = 0;
};

}  // namespace assay
