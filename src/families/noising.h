// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <optional>

#include "data/batch_stream.h"

namespace assay {

/// A model of a process that makes noise of examples, x_t = α x_0 + σ ε, and of the way back. What
/// is shown of both is x_t/√(α² + σ²), so that a process of exploding variance can be seen; it is
/// drawn from a CPU generator and without a change of state.
class NoisingModel {
 public:
  virtual ~NoisingModel() = default;
  /// t and log(α²/σ²) at `count` times, evenly from the least noisy to the noisiest (of a grid its
  /// nearest ones, each once): [count,2] f64 on the CPU; −∞ where no signal is left.
  virtual torch::Tensor snr_curve(std::int64_t count) const = 0;
  /// Examples [N,…] in [−1,1] on the model's device at `columns` times, evenly from none to the
  /// noisiest, each with one ε: [N,columns,…] on the CPU.
  virtual torch::Tensor noised_strips(const torch::Tensor& examples, std::int64_t columns,
                                      torch::Generator generator) const = 0;
  /// The first `count` samples that this generator gives, from noise to sample at `columns` steps
  /// of the sampler, evenly, or at all of fewer: [count,columns,…] on the CPU; nothing of a sampler
  /// without steps.
  virtual std::optional<torch::Tensor> denoised_strips(std::int64_t count, std::int64_t columns,
                                                       torch::Generator generator) = 0;
  /// The terms of the variational bound in bits per value, mean over examples on the model's
  /// device, of `count` timesteps, evenly, or of all: rows (i, L_i) [count + 1,2] f64 on the CPU,
  /// of which the last is (T, L_T), of the prior. Their sum over all timesteps is the bound.
  /// Nothing of a process without a grid.
  virtual std::optional<torch::Tensor> bound_terms(const Batch& examples, std::int64_t count,
                                                   torch::Generator generator) = 0;
};

}  // namespace assay
