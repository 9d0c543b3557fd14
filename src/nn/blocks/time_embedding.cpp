// SPDX-License-Identifier: Apache-2.0
#include "nn/blocks/time_embedding.h"

#include <ATen/ATen.h>
#include <torch/nn/init.h>

#include <cmath>
#include <numbers>

namespace assay {

torch::Tensor log_spaced_frequencies(std::int64_t count, double lowest, double highest) {
  TORCH_CHECK(count >= 2 && lowest > 0.0 && highest >= lowest, "no ", count, " frequencies from ",
              lowest, " to ", highest);
  return at::linspace(std::log(lowest), std::log(highest), count, at::kDouble).exp().to(at::kFloat);
}

torch::Tensor sinusoidal_embedding(const torch::Tensor& t, const torch::Tensor& frequencies) {
  TORCH_CHECK(t.dim() == 1 && frequencies.dim() == 1, "times ", t.sizes(), " and frequencies ",
              frequencies.sizes(), " must be vectors");
  const auto angles = t.unsqueeze(1) * frequencies;
  return at::cat({angles.sin(), angles.cos()}, 1);
}

FourierFeaturesImpl::FourierFeaturesImpl(std::int64_t count, double scale)
    : frequencies_(register_buffer(
          "frequencies",
          torch::nn::init::normal_(at::empty({count}), 0.0, 2.0 * std::numbers::pi * scale))) {}

torch::Tensor FourierFeaturesImpl::forward(const torch::Tensor& t) const {
  return sinusoidal_embedding(t, frequencies_);
}

}  // namespace assay
