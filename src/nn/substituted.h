// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>

#include <vector>

namespace assay {

/// For a scope a network computes with other tensors in place of its parameters, such as functions
/// of them that have a graph; afterwards with its own again. Batched over seeds
/// (kernels/runtime/seed_batch.h) they are batched tensors.
class Substituted {
 public:
  /// Throws Error as batch_parameters_over_seeds (nn/seed_batch.h) for a module whose members
  /// nobody knows.
  explicit Substituted(torch::nn::Module& network);
  ~Substituted();
  Substituted(const Substituted&) = delete;
  Substituted& operator=(const Substituted&) = delete;

  /// What the network computes with now, in the order of network.parameters().
  std::vector<torch::Tensor> tensors() const;
  void set(const std::vector<torch::Tensor>& tensors);

 private:
  std::vector<torch::Tensor*> members_;
  std::vector<torch::Tensor> own_;
};

}  // namespace assay
