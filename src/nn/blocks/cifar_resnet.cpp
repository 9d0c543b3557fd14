// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/cifar_resnet.h"

#include <torch/nn/options/conv.h>

#include <string>

namespace assay {
namespace {

constexpr std::int64_t kBlocksPerStage = 3;
constexpr std::int64_t kWidths[] = {16, 32, 64};

torch::nn::Conv2dOptions conv3(std::int64_t in, std::int64_t out) {
  return torch::nn::Conv2dOptions(in, out, 3).padding(1).bias(false);
}

}  // namespace

BasicBlockImpl::BasicBlockImpl(std::int64_t in, std::int64_t out)
    : added_channels_(out - in),
      conv1_(conv3(in, out).stride(in == out ? 1 : 2)),
      conv2_(conv3(out, out)),
      norm1_(out),
      norm2_(out) {
  TORCH_CHECK(added_channels_ >= 0 && added_channels_ % 2 == 0, "BasicBlock: ", in, " to ", out,
              " channels; an even number of them must be added");
  register_module("conv1", conv1_);
  register_module("norm1", norm1_);
  register_module("conv2", conv2_);
  register_module("norm2", norm2_);
}

torch::Tensor BasicBlockImpl::forward(const torch::Tensor& x) {
  const auto h = norm2_(conv2_(torch::relu(norm1_(conv1_(x)))));
  if (added_channels_ == 0) return torch::relu(h + x);
  const auto half = x.slice(2, 0, c10::nullopt, 2).slice(3, 0, c10::nullopt, 2);
  const auto each_side = added_channels_ / 2;
  return torch::relu(h + torch::constant_pad_nd(half, {0, 0, 0, 0, each_side, each_side}));
}

CifarResNetImpl::CifarResNetImpl(std::int64_t channels, std::int64_t classes)
    : conv_(conv3(channels, kWidths[0])), norm_(kWidths[0]), logits_(kWidths[2], classes) {
  register_module("conv", conv_);
  register_module("norm", norm_);
  std::int64_t in = kWidths[0];
  for (const std::int64_t out : kWidths) {
    for (std::int64_t i = 0; i < kBlocksPerStage; ++i) {
      const auto name = "block" + std::to_string(blocks_.size() + 1);
      blocks_.push_back(register_module(name, BasicBlock(in, out)));
      in = out;
    }
  }
  register_module("logits", logits_);
}

torch::Tensor CifarResNetImpl::forward(const torch::Tensor& images) {
  auto h = torch::relu(norm_(conv_(images)));
  for (auto& block : blocks_) h = block(h);
  return logits_(h.mean({2, 3}));
}

}  // namespace assay
