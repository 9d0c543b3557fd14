// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>

#include "nn/files/safetensors.h"

namespace assay {

/// What Inception-v3 says of N images, by the names that torch-fidelity gives its layers.
struct InceptionFeatures {
  at::Tensor pool64;           ///< [N,64], mean after the first max-pool
  at::Tensor pool192;          ///< [N,192], mean after the second
  at::Tensor pool768;          ///< [N,768], mean of Mixed_6e
  at::Tensor pool2048;         ///< [N,2048], mean of Mixed_7c: the features of FID
  at::Tensor logits_unbiased;  ///< [N,1008], the classifier without its bias: Inception Score's
  at::Tensor logits;           ///< [N,1008]
  at::Tensor spatial;          ///< [N,2023], rows × columns × channels: the features of sFID
};

/// The Inception-v3 (Szegedy et al. 2016, table 1) of TensorFlow's 2015-12-05 graph, which FID is
/// defined by (Heusel et al. 2017). It differs from torchvision's: average pools leave their
/// padding out of the mean, the pool of the last block is a max-pool, 1008 classes.
///
/// sFID's features (Nash et al. 2021) are the first 7 channels of the graph's tensor
/// mixed_6/conv:0, 17 × 17: mixed, mixed_1, mixed_2 are Mixed_5b to 5d and mixed_3 is Mixed_6a, so
/// this is the first (1×1) branch of Mixed_6d after its ReLU.
///
/// Batch normalisation (ε = 10⁻³) is folded into the convolutions, 1×1 branches of one input are
/// computed as one convolution, and a 1×1 convolution after an average pool is moved before it:
/// both are linear and the weights of a mean sum to 1, so they commute, and fewer channels are
/// pooled.
class InceptionV3 {
 public:
  static constexpr std::int64_t kImageSize = 299;
  /// The batch that it computes fastest: weights are packed for it.
  static constexpr std::int64_t kBatch = 16;

  /// Tensors of pt_inception-2015-12-05-6726825d.pth; computes in `precision`, f32 or f64. Throws
  /// Error naming a tensor that is missing or of another shape.
  explicit InceptionV3(const TensorMap& weights, at::ScalarType precision = at::kFloat);
  ~InceptionV3();
  InceptionV3(InceptionV3&&) noexcept;
  InceptionV3& operator=(InceptionV3&&) noexcept;

  /// x: [N,3,299,299], (pixel − 128) / 128. For inference mode.
  InceptionFeatures forward(const at::Tensor& x) const;

 private:
  struct Network;
  std::unique_ptr<const Network> network_;
};

}  // namespace assay
