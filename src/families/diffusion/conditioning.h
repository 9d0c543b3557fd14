// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "families/trainable.h"
#include "nn/blocks/condition.h"

namespace assay {

/// How many classes the network may be told by an embedding that is added to the time's; 0: none.
/// Throws Error where the data have none.
std::int64_t told_classes(const ModelArgs& args);

/// How many values each token of a condition takes, by model.tokens: the classes, or each of the
/// data set's factors; empty without model.cross_attention. Throws Error where the data have none.
std::vector<std::int64_t> told_tokens(const ModelArgs& args);

/// What the network is told of examples, and what samples are asked to show. Tokens index one table
/// in which every value of every token has an entry of its own, so that their order says nothing
/// that they do not say themselves.
class Conditioning {
 public:
  explicit Conditioning(const ModelArgs& args);

  /// Of examples, on their device. Throws Error for a batch that lacks what is told.
  Condition of(const Batch& examples) const;
  /// The same with none in place of all that the examples `dropped` [N] bool are told (Ho &
  /// Salimans 2022, algorithm 1).
  Condition dropped(const Condition& condition, const torch::Tensor& dropped) const;
  /// Of the samples from the `begin`-th up to the `end`-th, on the CPU: see GenerativeModel's
  /// sample_labels() and TokenModel's sample_tokens().
  Condition of_samples(std::int64_t begin, std::int64_t end) const;
  /// Of what tokens say, [N,L] i64, each from 0 to its size − 1. Throws c10::Error for another
  /// shape.
  Condition of_values(const torch::Tensor& values) const;

  /// Whether the network is told anything.
  bool tells() const { return told_classes_ > 0 || !token_sizes_.empty(); }
  /// That samples are of, in turn; 0: none.
  std::int64_t sample_classes() const { return sample_classes_; }
  const std::vector<std::int64_t>& token_sizes() const { return token_sizes_; }
  /// What those samples' tokens say, [n,L] i64.
  torch::Tensor sample_values(std::int64_t begin, std::int64_t end) const;

 private:
  std::int64_t told_classes_;  ///< by the embedding of the time
  std::vector<std::int64_t> token_sizes_;
  bool tokens_are_factors_;
  std::int64_t sample_classes_;
  std::int64_t entries_ = 0;  ///< of the table, without the one for none
};

}  // namespace assay
