// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/types.h>

#include <ATen/core/Generator.h>

#include <cstdint>
#include <functional>
#include <vector>

#include "nn/blocks/sequential.h"

namespace assay {

/// Running statistics of a generator that further passes in training mode have moved, for a scope:
/// afterwards its buffers hold what they held. Lin et al. 2018 (PacGAN, the authors' code) make 50
/// passes before they sample, so that with a weight of 0.05 a new batch 0.95^50 = 8 % is left of
/// the averages that training, and weights of before, gave.
class FreshStatistics {
 public:
  /// inputs: what one pass is made of, drawn from a generator on the CPU. It is the same one for
  /// every scope, and not the samples': what a latent decodes to does not depend on its neighbours.
  FreshStatistics(Sequential& network, std::int64_t passes,
                  const std::function<torch::Tensor(torch::Generator)>& inputs);
  ~FreshStatistics();
  FreshStatistics(const FreshStatistics&) = delete;
  FreshStatistics& operator=(const FreshStatistics&) = delete;

 private:
  std::vector<torch::Tensor> buffers_, kept_;
};

}  // namespace assay
