// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>

namespace assay {

/// What a picture taken by an affine map holds, read bilinearly: pixel (row i, column j) of the
/// result is x at column u and row v, (u, v)ᵀ = θ (j, i, 1)ᵀ,
///   y[n,c,i,j] = Σ_{r,s} x[n,c,r,s] max(0, 1 − |v − r|) max(0, 1 − |u − s|),
/// so that outside of x there are zeros: LibTorch's grid_sampler with the grid of
/// affine_grid_generator, whose second derivative deterministic CUDA refuses.
///
/// x: [N,C,H,W] f32 or f64; theta: [N,2,3] in pixels, without a gradient. Returns
/// [N,C,rows,columns]. It is linear in x: the derivative is its transpose, that of the transpose
/// the map again, so it may be differentiated as often as wanted. Deterministic: of an image
/// everything is summed in one order. Throws c10::Error for other shapes and for tensors that are
/// batched over seeds.
at::Tensor affine_resample(const at::Tensor& x, const at::Tensor& theta, std::int64_t rows,
                           std::int64_t columns);

/// The same by LibTorch's indexing: what runs where the loops do not, and what they are held
/// against.
at::Tensor affine_resample_by_indexing(const at::Tensor& x, const at::Tensor& theta,
                                       std::int64_t rows, std::int64_t columns);

}  // namespace assay
