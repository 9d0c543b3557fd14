// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

namespace assay {

/// The transformations of DiffAugment (Zhao et al. 2020, "Differentiable Augmentation for
/// Data-Efficient GAN Training", sec. 4.2), with the strengths of the authors' code
/// (DiffAugment_pytorch.py). images: [N,C,H,W]; each u: [N,1] of U[0,1), one an example.

/// x + (u − ½).
torch::Tensor brightened(const torch::Tensor& images, const torch::Tensor& u);

/// m + 2u (x − m), m the mean over channels of each pixel: nothing to one channel.
torch::Tensor saturated(const torch::Tensor& images, const torch::Tensor& u);

/// m + (u + ½)(x − m), m the mean over all values of an image.
torch::Tensor contrasted(const torch::Tensor& images, const torch::Tensor& u);

/// Moved by whole pixels, down and to the right by a number of {−s, …, s}, all equally likely, s an
/// eighth of the side (rounded), zeros where nothing was.
torch::Tensor translated(const torch::Tensor& images, const torch::Tensor& u_down,
                         const torch::Tensor& u_right);

/// Zeros in a box of half the side, rounded: b pixels. Its middle is any pixel of the image, or
/// for even b any line between two of them, edges included; what lies outside is cut off.
torch::Tensor cut_out(const torch::Tensor& images, const torch::Tensor& u_row,
                      const torch::Tensor& u_column);

}  // namespace assay
