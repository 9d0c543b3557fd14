// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/module.h>
#include <torch/nn/modules/batchnorm.h>
#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <vector>

namespace assay {

/// The basic block of residual networks (He et al. 2016, fig. 2):
///   ReLU(BN(Conv3(ReLU(BN(Conv3(x))))) + shortcut(x)).
/// Where `out` differs from `in`, the first convolution has stride 2 and the shortcut takes every
/// second pixel and pads channels with zeros on both sides (option A, without parameters).
class BasicBlockImpl : public torch::nn::Module {
 public:
  BasicBlockImpl(std::int64_t in, std::int64_t out);

  /// x: [N,in,H,W]. Returns [N,out,H,W], or half of H and W, rounded up.
  torch::Tensor forward(const torch::Tensor& x);

 private:
  std::int64_t added_channels_;
  torch::nn::Conv2d conv1_, conv2_;
  torch::nn::BatchNorm2d norm1_, norm2_;
};
TORCH_MODULE(BasicBlock);

/// ResNet-20 for small images (He et al. 2016, sec. 4.2; 269,722 parameters for three channels and
/// ten classes):
///   Conv C→16 3/1/1, BN, ReLU · three stages of three basic blocks with 16, 32 and 64 channels ·
///   mean over pixels · Linear 64→K.
class CifarResNetImpl : public torch::nn::Module {
 public:
  CifarResNetImpl(std::int64_t channels, std::int64_t classes);

  /// images: [N,C,H,W] f32 in [−1,1], of any size. Returns logits [N,K]. In training mode batch
  /// statistics normalise.
  torch::Tensor forward(const torch::Tensor& images);

 private:
  torch::nn::Conv2d conv_;
  torch::nn::BatchNorm2d norm_;
  std::vector<BasicBlock> blocks_;
  torch::nn::Linear logits_;
};
TORCH_MODULE(CifarResNet);

}  // namespace assay
