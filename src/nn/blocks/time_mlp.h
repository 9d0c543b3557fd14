// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/embedding.h>
#include <torch/nn/pimpl.h>

#include <cstdint>
#include <optional>
#include <vector>

#include "nn/blocks/denoising_network.h"
#include "nn/blocks/linear.h"
#include "nn/blocks/time_embedding.h"

namespace assay {

struct TimeMlpOptions {
  std::vector<std::int64_t> example_shape = {2};  ///< in and out, of points or small images
  std::vector<std::int64_t> widths = {64, 64, 64};
  torch::Tensor (*activation)(const torch::Tensor&) = nullptr;  ///< after each hidden layer
  /// Frequencies of the sinusoidal embedding of t, from 1 to 100 radians; 0: t itself.
  std::int64_t time_frequencies = 0;
  double fourier_scale = 0.0;  ///< of as many Gaussian Fourier features of t instead; 0: none
  std::int64_t classes = 0;
  std::int64_t outputs = 0;  ///< numbers that it returns; 0: an example's
};

/// Perceptron of an example's values and a time: Linear and activation per width, then Linear, of
/// (x, features of t) (Tong et al. 2023's networks in two dimensions, with SELU, widths 64 and t
/// itself). Classes join by an embedding as wide as the first layer, added to its output.
class TimeMlpImpl : public DenoisingNetwork {
 public:
  explicit TimeMlpImpl(const TimeMlpOptions& options);
  /// Returns [N, outputs].
  torch::Tensor forward(const torch::Tensor& x_t, const torch::Tensor& t,
                        const torch::Tensor& labels = {});
  torch::Tensor predict(const torch::Tensor& x_t, const torch::Tensor& t,
                        const Condition& condition, std::optional<Noise> noise) override;

 private:
  TimeMlpOptions options_;
  torch::Tensor frequencies_;  // undefined where t is a feature itself
  FourierFeatures fourier_{nullptr};
  std::vector<Linear> layers_;
  torch::nn::Embedding label_{nullptr};
};
TORCH_MODULE(TimeMlp);

}  // namespace assay
