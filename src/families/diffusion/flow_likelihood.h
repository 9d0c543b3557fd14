// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <vector>

#include "families/diffusion/denoiser.h"
#include "families/diffusion/process.h"

namespace assay {

/// Directions ν_k [N,…] whose Σ_k ν_kᵀ J ν_k is a trace of a Jacobian J: of every dimension where
/// there are at most 16, which makes it exact; else one of random signs, whose expectation it is
/// (Hutchinson 1990). x: [N,…], whose shape and type they have. `generator`: on the CPU.
std::vector<torch::Tensor> trace_directions(const torch::Tensor& x,
                                            const torch::Generator& generator);

/// log p(x) in nats, [N] f64, of the law that the probability-flow ODE carries N(0, prior_sd² I)
/// to at the process's last time (Song et al. 2021, eq. 39; Chen et al. 2018):
///   log p(x) = log p_T(x_T) + ∫ div f dt, f = (σ'/σ) x + (α' − α σ'/σ) x̂_0(x),
/// solved to `tolerance` in steps of each example's own. x: [N,…]; the denoiser sees its type, all
/// else is f64. Time must be continuous.
torch::Tensor flow_log_density(const torch::Tensor& x, const Process& process,
                               const Denoiser& denoiser, const Condition& condition,
                               const std::vector<torch::Tensor>& directions, double tolerance);

}  // namespace assay
