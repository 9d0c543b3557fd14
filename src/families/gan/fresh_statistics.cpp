// SPDX-License-Identifier: Apache-2.0
#include "families/gan/fresh_statistics.h"

#include <torch/utils.h>

#include "families/sampling.h"
#include "kernels/runtime/multiply_adds.h"

namespace assay {
namespace {

constexpr std::uint64_t kSeed = 0;

}  // namespace

FreshStatistics::FreshStatistics(Sequential& network, std::int64_t passes,
                                 const std::function<torch::Tensor(torch::Generator)>& inputs) {
  if (passes == 0) return;
  const MultiplyAddsUncounted once;  // however many samples follow
  const torch::NoGradGuard no_grad;
  buffers_ = network->buffers();
  for (const auto& buffer : buffers_) kept_.push_back(buffer.clone());
  const bool was_training = network->is_training();
  network->train();
  const auto generator = generator_of_sample(kSeed);
  for (std::int64_t pass = 0; pass < passes; ++pass) network->forward(inputs(generator));
  network->train(was_training);
}

FreshStatistics::~FreshStatistics() {
  const torch::NoGradGuard no_grad;
  for (std::size_t i = 0; i < kept_.size(); ++i) buffers_[i].copy_(kept_[i]);
}

}  // namespace assay
