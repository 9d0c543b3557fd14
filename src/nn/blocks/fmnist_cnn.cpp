// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/fmnist_cnn.h"

#include <torch/nn/options/conv.h>

#include "nn/blocks/dropout.h"

namespace assay {

FmnistCnnImpl::FmnistCnnImpl(std::int64_t channels, std::int64_t classes)
    : conv1_(torch::nn::Conv2dOptions(channels, 32, 4).stride(2).padding(1).bias(false)),
      conv2_(torch::nn::Conv2dOptions(32, 64, 3).padding(1).bias(false)),
      conv3_(torch::nn::Conv2dOptions(64, 64, 3).padding(1).bias(false)),
      norm1_(32),
      norm2_(64),
      norm3_(64),
      features_(576, kFeatures),
      logits_(kFeatures, classes) {
  register_module("conv1", conv1_);
  register_module("norm1", norm1_);
  register_module("conv2", conv2_);
  register_module("norm2", norm2_);
  register_module("conv3", conv3_);
  register_module("norm3", norm3_);
  register_module("features", features_);
  register_module("logits", logits_);
}

ClassifierOutput FmnistCnnImpl::forward(const torch::Tensor& images, std::optional<Noise> noise) {
  TORCH_CHECK(images.dim() == 4 && images.size(2) == kImageSize && images.size(3) == kImageSize,
              "fmnist-cnn takes images [N,C,28,28], not ", images.sizes());
  auto h = torch::relu(norm1_(conv1_(images)));
  h = torch::max_pool2d(torch::relu(norm2_(conv2_(h))), 2);
  h = torch::max_pool2d(torch::relu(norm3_(conv3_(h))), 2);
  ClassifierOutput output;
  output.features = torch::relu(features_(h.flatten(1)));
  output.logits = logits_(dropout(output.features, kDropout, is_training(), noise));
  return output;
}

}  // namespace assay
