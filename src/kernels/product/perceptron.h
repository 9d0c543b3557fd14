// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <vector>

#include "kernels/normalisation/batch_norm.h"

namespace assay {

/// One layer f(norm(x Wᵀ + b)), everything batched over seeds (kernels/runtime/seed_batch.h).
struct PerceptronLayer {
  at::Tensor weight;  ///< [O,I]
  at::Tensor bias;    ///< [O], or undefined
  /// Batch normalisation in training: see batch_norm_over_seeds.
  struct Norm {
    BatchNormTerms terms;
    double momentum = 0.1, epsilon = 1e-5;
  };
  std::optional<Norm> norm;
  std::optional<double> slope;  ///< of a leaky ReLU, 0: ReLU; none: no activation
};

/// Whether perceptron_over_seeds takes these, within a SeedBatchScope of as many seeds as LibTorch
/// has threads or more (it gives each thread a seed): f32 on the CPU, on a processor with vectors,
/// x [N,I], not empty (N > 1 before a normalisation), at least one layer, each with as many inputs
/// as the one before has outputs, and all terms of a normalisation.
bool perceptron_suits(const at::Tensor& x, const std::vector<PerceptronLayer>& layers);

/// The layers one after another, x [N,I] to [N,O], where perceptron_suits, as one node of the graph
/// that goes through all layers of a seed before the next: what a layer writes is still in the
/// cache when the next one reads it. A layer has the bits that linear, batch_norm_over_seeds and
/// at::leaky_relu give one by one. Can be differentiated any number of times. Throws c10::Error for
/// what does not suit.
at::Tensor perceptron_over_seeds(const at::Tensor& x, const std::vector<PerceptronLayer>& layers);

}  // namespace assay
