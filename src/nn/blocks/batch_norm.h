// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/pimpl.h>
#include <torch/types.h>

#include <vector>

#include "nn/seed_batch.h"

namespace assay {

/// torch::nn::BatchNorm1d, whose batches may be batched over seeds (kernels/runtime/seed_batch.h).
class BatchNorm1dImpl : public torch::nn::BatchNorm1dImpl {
 public:
  using torch::nn::BatchNorm1dImpl::BatchNorm1dImpl;
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(BatchNorm1d);

/// The same for torch::nn::BatchNorm2d.
class BatchNorm2dImpl : public torch::nn::BatchNorm2dImpl {
 public:
  using torch::nn::BatchNorm2dImpl::BatchNorm2dImpl;
  torch::Tensor forward(const torch::Tensor& x);
};
TORCH_MODULE(BatchNorm2d);

/// Batch normalisation of x [N,C] or [N,C,…] that averages standard deviations: in training it
/// divides by s = √(variance + ε), variance ÷N, and its running averages, m ← m + w (mean − m) and
/// d ← d + w (s − d) from 0 and 1, are what it subtracts and divides by in eval mode, without a
/// further ε. So do the networks of Lin et al. 2018 (PacGAN; Blocks' BatchNormalization), with ε =
/// 1e-4 and w = 0.05; BatchNorm1d and BatchNorm2d average the variance, ÷(N−1).
class DeviationBatchNormImpl : public torch::nn::Module, public HoldsTensors {
 public:
  DeviationBatchNormImpl(std::int64_t channels, double epsilon, double momentum);
  torch::Tensor forward(const torch::Tensor& x);
  std::vector<torch::Tensor*> held_tensors() override;

 private:
  double epsilon_, momentum_;
  torch::Tensor weight_, bias_, running_mean_, running_deviation_;
};
TORCH_MODULE(DeviationBatchNorm);

}  // namespace assay
