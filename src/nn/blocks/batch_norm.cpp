// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/batch_norm.h"

#include "kernels/normalisation/batch_norm.h"
#include "kernels/runtime/seed_batch.h"

namespace assay {
namespace {

template <class Norm>
torch::Tensor over_seeds(Norm& norm, const torch::Tensor& x) {
  const bool training = norm.is_training();
  if (training) stack_over_seeds(norm.num_batches_tracked).add_(1);
  return batch_norm_over_seeds(x, {norm.weight, norm.bias, norm.running_mean, norm.running_var},
                               training, norm.options.momentum().value(), norm.options.eps());
}

}  // namespace

torch::Tensor BatchNorm1dImpl::forward(const torch::Tensor& x) {
  if (is_batched_over_seeds(weight)) return over_seeds(*this, x);
  return torch::nn::BatchNorm1dImpl::forward(x);
}

torch::Tensor BatchNorm2dImpl::forward(const torch::Tensor& x) {
  if (is_batched_over_seeds(weight)) return over_seeds(*this, x);
  return torch::nn::BatchNorm2dImpl::forward(x);
}

}  // namespace assay
