// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <optional>

#include "nn/noise.h"

namespace assay {

/// Inverted dropout (Srivastava et al. 2014): x · m / (1 − probability) with m ~ Bernoulli(1 −
/// probability), drawn from `noise` on x's device; torch's own dropout can only draw from the
/// global generator. Returns x itself if probability is 0 or `training` is false. Throws c10::Error
/// for a probability outside [0,1) and for missing noise when one is needed.
torch::Tensor dropout(const torch::Tensor& x, double probability, bool training,
                      std::optional<Noise> noise);

}  // namespace assay
