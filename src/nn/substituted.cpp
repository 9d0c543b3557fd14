// SPDX-License-Identifier: Apache-2.0
#include "nn/substituted.h"

#include "nn/seed_batch.h"

namespace assay {

Substituted::Substituted(torch::nn::Module& network) : members_(parameter_members(network)) {
  own_ = tensors();
}

Substituted::~Substituted() {
  for (std::size_t i = 0; i < members_.size(); ++i) *members_[i] = own_[i];
}

std::vector<torch::Tensor> Substituted::tensors() const {
  std::vector<torch::Tensor> all;
  for (const auto* member : members_) all.push_back(*member);
  return all;
}

void Substituted::set(const std::vector<torch::Tensor>& tensors) {
  TORCH_CHECK(tensors.size() == members_.size(), tensors.size(), " tensors for ", members_.size(),
              " parameters");
  for (std::size_t i = 0; i < members_.size(); ++i) *members_[i] = tensors[i];
}

}  // namespace assay
