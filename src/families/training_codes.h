// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <functional>

#include "config/definition.h"
#include "core/events.h"

namespace assay {

/// Codes on the CPU of `count` training images (0 or more than there are: of all), which a fixed
/// permutation picks: the same for every run. images: u8 [N,C,H,W] on the CPU. `encode` gets blocks
/// of images in [−1,1] on `device`, without gradients.
torch::Tensor codes_of_training_images(
    const torch::Tensor& images, std::int64_t count, torch::Device device,
    const std::function<torch::Tensor(const torch::Tensor&)>& encode);

/// Names the number of images that sampler.fit_images asks for, which 0 and too many leave open.
void describe_fit_images(const Definition& definition, std::int64_t training_images,
                         Protocol& protocol);

}  // namespace assay
