// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <optional>

namespace assay {

/// Inverted dropout (Srivastava et al. 2014): x · m / (1 − probability) with m ~ Bernoulli(1 −
/// probability), drawn from `generator` on x's device; torch's own dropout can only draw from the
/// global generator. Returns x itself if probability is 0 or `training` is false. Throws c10::Error
/// for a probability outside [0,1) and for a missing generator when one is needed.
torch::Tensor dropout(const torch::Tensor& x, double probability, bool training,
                      std::optional<torch::Generator> generator);

}  // namespace assay
