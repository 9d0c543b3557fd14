// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include "config/choices.h"
#include "nn/noise.h"

namespace assay {

/// The corruptions of denoising autoencoders (Vincent et al. 2010, sec. 3.3), of images in [−1,1].
/// `noise` is of the images' device. Each returns a new tensor of the same shape.

/// x + sigma · ε, ε ~ N(0, I); sigma in the unit of images in [−1,1].
torch::Tensor add_gaussian_noise(const torch::Tensor& images, double sigma, const Noise& noise);
/// Each value becomes black (−1) with probability `share`.
torch::Tensor mask(const torch::Tensor& images, double share, const Noise& noise);
/// Each value becomes black or white (±1, a fair coin) with probability `share`.
torch::Tensor salt_and_pepper(const torch::Tensor& images, double share, const Noise& noise);
/// The images themselves.
torch::Tensor uncorrupted(const torch::Tensor& images, double level, const Noise& noise);

/// `level`: sigma of "gaussian", the share of "masking" and "salt_and_pepper".
using Corruption = torch::Tensor (*)(const torch::Tensor& images, double level, const Noise& noise);
inline const Choices<Corruption> kCorruptions = {{"none", uncorrupted},
                                                 {"gaussian", add_gaussian_noise},
                                                 {"masking", mask},
                                                 {"salt_and_pepper", salt_and_pepper}};

}  // namespace assay
