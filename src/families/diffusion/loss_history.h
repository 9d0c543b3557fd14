// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

#include "nn/noise.h"
#include "nn/state.h"

namespace assay {

/// Times of a batch, and what each example's loss counts there so that its mean stays what it is
/// under uniform times.
struct WeighedTimes {
  torch::Tensor t;       ///< [N] f64, times of the process
  torch::Tensor weight;  ///< [N] f32; undefined: 1
};

/// p_t ∝ √E[L_t²] over T timesteps (Nichol & Dhariwal 2021, eq. 18), mixed with 0.001 of the
/// uniform distribution as in their code, of losses [T,K]: the mean is over each row. f64 [T].
torch::Tensor second_moment_distribution(const torch::Tensor& losses);

/// The last 10 losses of each timestep of a grid, and timesteps drawn by them: uniform until every
/// timestep has 10, then by second_moment_distribution(), and weighed by 1/(T p_t), so that the
/// loss that is minimised keeps its mean (Nichol & Dhariwal 2021, sec. 3.3 and their
/// LossSecondMomentResampler). It is part of the training state.
class LossHistory {
 public:
  LossHistory(std::int64_t timesteps, torch::Device device);

  /// N times i/T, independent.
  WeighedTimes draw(std::int64_t n, const Noise& noise, const torch::TensorOptions& options) const;
  /// Takes the losses [N] of examples at times t [N] in their order; each timestep's oldest one
  /// makes room. On a GPU this waits for them.
  void add(const torch::Tensor& t, const torch::Tensor& losses);
  /// "<prefix>.losses" [T,10] f64, oldest first, and "<prefix>.counts" [T] i64.
  void visit_state(StateVisitor& visitor, const std::string& prefix);

 private:
  std::int64_t timesteps_;
  torch::Tensor losses_, counts_;
};

}  // namespace assay
