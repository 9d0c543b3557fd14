// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <cstdint>

namespace assay {

/// How much the examples of a batch differ, as one more channel (Karras et al. 2018, "Progressive
/// Growing of GANs", sec. 3), within groups of G, or of all N if those are fewer: with M = N/G
/// groups, example i is in group i mod M, whose value is the mean over channels and pixels of
/// √(variance over the group ÷G + 1e-8). [N,C,H,W] -> [N,C+1,H,W]. Throws c10::Error unless G
/// divides N.
class MinibatchStddevImpl : public torch::nn::Module {
 public:
  explicit MinibatchStddevImpl(std::int64_t group) : group_(group) {}
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::int64_t group_;
};
TORCH_MODULE(MinibatchStddev);

}  // namespace assay
