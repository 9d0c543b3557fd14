// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/batch_norm.h"

#include <ATen/ATen.h>
#include <torch/utils.h>

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

torch::Tensor normalised(const torch::Tensor& x, const BatchNormTerms& terms, bool training,
                         double momentum, double epsilon) {
  if (is_batched_over_seeds(terms.scale)) {
    return batch_norm_over_seeds(x, terms, training, momentum, epsilon);
  }
  return at::batch_norm(x, terms.scale, terms.bias, terms.running_mean, terms.running_variance,
                        training, momentum, epsilon, /*cudnn_enabled=*/true);
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

DeviationBatchNormImpl::DeviationBatchNormImpl(std::int64_t channels, double epsilon,
                                               double momentum)
    : epsilon_(epsilon),
      momentum_(momentum),
      weight_(register_parameter("weight", at::ones({channels}))),
      bias_(register_parameter("bias", at::zeros({channels}))),
      running_mean_(register_buffer("running_mean", at::zeros({channels}))),
      running_deviation_(register_buffer("running_deviation", at::ones({channels}))) {}

torch::Tensor DeviationBatchNormImpl::forward(const torch::Tensor& x) {
  if (!is_training()) {
    return normalised(x, {weight_, bias_, running_mean_, running_deviation_.square()}, false, 0.0,
                      0.0);
  }
  // Averages with the weight 1 are the batch's own mean and variance.
  const auto mean = at::zeros_like(running_mean_), variance = at::zeros_like(running_mean_);
  auto y = normalised(x, {weight_, bias_, mean, variance}, true, 1.0, epsilon_);
  const torch::NoGradGuard no_grad;
  const auto n = static_cast<double>(x.numel() / x.size(1));
  running_mean_.lerp_(mean, momentum_);
  running_deviation_.lerp_((variance * ((n - 1.0) / n) + epsilon_).sqrt(), momentum_);
  return y;
}

std::vector<torch::Tensor*> DeviationBatchNormImpl::held_tensors() {
  return {&weight_, &bias_, &running_mean_, &running_deviation_};
}

}  // namespace assay
