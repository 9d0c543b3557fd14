// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/nn/modules/conv.h>
#include <torch/nn/modules/linear.h>
#include <torch/nn/pimpl.h>

#include <vector>

#include "nn/seed_batch.h"

namespace assay {

/// Left and right singular vectors of a weight as a matrix [O,I], as far as power iteration has
/// found them: buffers [O] and [I] of unit length, part of the state.
struct SingularVectors {
  torch::Tensor u, v;
};

/// W/σ, σ = uᵀWv (Miyato et al. 2018, eq. 7, algorithm 1). weight: [O,…], as a matrix [O,I]. With
/// `iterate`, first one power iteration on W as it is, v ← Wᵀu/‖Wᵀu‖, u ← Wv/‖Wv‖, which the
/// buffers keep; gradients take u and v for constants. After enough of them σ is W's largest
/// singular value.
torch::Tensor spectrally_normalised(const torch::Tensor& weight, SingularVectors& vectors,
                                    bool iterate);

/// A linear layer [N,I] -> [N,O] by spectrally_normalised(weight), bias as it is. Each forward pass
/// in training mode is one power iteration; in eval mode there is none, and the state stays.
class SpectralLinearImpl : public torch::nn::LinearImpl, public HoldsTensors {
 public:
  SpectralLinearImpl(std::int64_t in, std::int64_t out)
      : SpectralLinearImpl(torch::nn::LinearOptions(in, out)) {}
  explicit SpectralLinearImpl(const torch::nn::LinearOptions& settings);
  torch::Tensor forward(const torch::Tensor& x);
  std::vector<torch::Tensor*> held_tensors() override;

 private:
  SingularVectors vectors_;
};
TORCH_MODULE(SpectralLinear);

/// The same of a convolution, options as of Convolution (nn/blocks/convolution.h).
class SpectralConvolutionImpl : public torch::nn::Conv2dImpl, public HoldsTensors {
 public:
  explicit SpectralConvolutionImpl(const torch::nn::Conv2dOptions& settings);
  torch::Tensor forward(const torch::Tensor& x);
  std::vector<torch::Tensor*> held_tensors() override;

 private:
  SingularVectors vectors_;
};
TORCH_MODULE(SpectralConvolution);

}  // namespace assay
