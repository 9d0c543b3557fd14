// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include "nn/noise.h"

namespace assay {

/// Three ways to the contractive penalty, the mean over the batch of ‖∂h/∂x‖²_F (Rifai et al.
/// 2011), with x images in [−1,1] and h their codes, all 0-dim; and that norm of each image.

/// ‖∂h/∂x‖²_F of each image under one sigmoid layer: (h_j (1 − h_j))² Σ_i W_ji², summed over j.
/// codes: [N,Z] = h; weight: [Z,I]. Returns [N].
torch::Tensor sigmoid_squared_norms(const torch::Tensor& codes, const torch::Tensor& weight);

/// The same under any encoder, exactly: one backward pass for each of the Z codes. For scores: the
/// result has no graph. Arguments as of exact_contraction(). Returns [N].
torch::Tensor exact_squared_norms(const torch::Tensor& codes, const torch::Tensor& images);

/// One sigmoid layer h = σ(W x + b) in closed form: Σ_j (h_j (1 − h_j))² Σ_i W_ji².
/// codes: [N,Z] = h; weight: [Z,I].
torch::Tensor sigmoid_contraction(const torch::Tensor& codes, const torch::Tensor& weight);

/// Any encoder, exactly: one backward pass for each of the Z codes. `images` must be the tensor
/// with gradients that codes [N,Z] were computed from, image by image (no batch statistics).
torch::Tensor exact_contraction(const torch::Tensor& codes, const torch::Tensor& images);

/// Any encoder, as an unbiased estimate from `probes` backward passes (Hutchinson 1990): E ‖Jᵀv‖² =
/// ‖J‖²_F for random signs v.
torch::Tensor hutchinson_contraction(const torch::Tensor& codes, const torch::Tensor& images,
                                     std::int64_t probes, const Noise& noise);

}  // namespace assay
