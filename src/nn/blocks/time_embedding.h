// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <cstdint>

namespace assay {

/// `count` frequencies from lowest to highest in equal ratios: f_i = lowest ·
/// (highest/lowest)^(i/(count−1)). f32 [count] on the CPU.
torch::Tensor log_spaced_frequencies(std::int64_t count, double lowest, double highest);

/// Sinusoidal embedding of a time (Vaswani et al. 2017, sec. 3.5): (sin t f_1, …, sin t f_K, cos t
/// f_1, …, cos t f_K). t: [N] f32, frequencies: [K] f32 on the same device. Returns [N,2K]. With t
/// in steps of T = 1000 divided by T, Ho et al. 2020 use frequencies 0.1 to 1000.
torch::Tensor sinusoidal_embedding(const torch::Tensor& t, const torch::Tensor& frequencies);

}  // namespace assay
