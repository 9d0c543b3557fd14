// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>
#include <vector>

#include "nn/seed_batch.h"

namespace assay {

/// `count` frequencies from lowest to highest in equal ratios: f_i = lowest ·
/// (highest/lowest)^(i/(count−1)). f32 [count] on the CPU.
torch::Tensor log_spaced_frequencies(std::int64_t count, double lowest, double highest);

/// Sinusoidal embedding of a time (Vaswani et al. 2017, sec. 3.5): (sin t f_1, …, sin t f_K, cos t
/// f_1, …, cos t f_K). t: [N] f32, frequencies: [K] f32 on the same device. Returns [N,2K]. With t
/// in steps of T = 1000 divided by T, Ho et al. 2020 use frequencies 0.1 to 1000.
torch::Tensor sinusoidal_embedding(const torch::Tensor& t, const torch::Tensor& frequencies);

/// The same with frequencies 2π · scale · N(0, 1) that are drawn once, from the global generator,
/// and never trained: Gaussian Fourier features (Tancik et al. 2020; Song et al. 2021, appendix H:
/// scale 16, of log σ). They are a buffer, "frequencies" [K] f32.
class FourierFeaturesImpl : public torch::nn::Module, public HoldsTensors {
 public:
  FourierFeaturesImpl(std::int64_t count, double scale);
  /// t: [N] f32. Returns [N,2K].
  torch::Tensor forward(const torch::Tensor& t) const;
  std::vector<torch::Tensor*> held_tensors() override { return {&frequencies_}; }

 private:
  torch::Tensor frequencies_;
};
TORCH_MODULE(FourierFeatures);

}  // namespace assay
