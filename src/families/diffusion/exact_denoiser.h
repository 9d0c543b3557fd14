// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "families/diffusion/denoiser.h"
#include "families/diffusion/process.h"

namespace assay {

/// E[x_0|x_t] where x_0 is one of `points` [M,D], each as likely as the others, and x_t = α x_0 + σ
/// ε with ε ~ N(0, I):
///   x̂_0 = Σ_i p_i w_i / Σ_i w_i, w_i = exp(−‖x_t − α p_i‖² / 2σ²)
/// (Karras et al. 2022, eq. 57): what a network without a limit would learn of them, so that
/// samples by it show what is left to a sampler alone. In f64. `process` must outlive what is
/// returned.
Denoiser exact_denoiser(const torch::Tensor& points, const Process& process);

}  // namespace assay
