// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace assay {

/// A layer of perceptron.h for all seeds, stacks [S,…] of contiguous f32; what does not exist is
/// undefined.
struct StackedLayer {
  at::Tensor weight, bias, scale, shift;
  at::Tensor running_mean, running_variance;
  double momentum = 0.0, epsilon = 0.0;
  std::optional<double> slope;
  // What forward leaves for backward: the layer's result, and what was normalised.
  at::Tensor y, before_norm, mean, inverse_sd;

  bool normalised() const { return scale.defined(); }
  std::int64_t inputs() const { return weight.size(2); }
  std::int64_t outputs() const { return weight.size(1); }
};

/// All layers of all seeds, between forward and backward.
struct StackedLayers : torch::CustomClassHolder {
  std::vector<StackedLayer> all;
  std::int64_t seeds = 0, rows = 0;
};

/// The layers' results for x [S,N,I]; `layers` keeps what backward reads.
void forward_through(StackedLayers& layers, const at::Tensor& x);

/// Gradients [S,…] by a layer's parameters, undefined where nobody wants one. Those by scale and
/// shift go together.
struct LayerGradients {
  at::Tensor weight, bias, scale, shift;
};

/// What one backward pass reads, stacks x [S,N,I] and the gradient by_y [S,N,O] of contiguous f32,
/// and the gradients that it writes.
struct PerceptronGradients {
  const at::Tensor& x;
  const at::Tensor& by_y;
  at::Tensor by_x;  ///< undefined if nobody wants it
  std::vector<LayerGradients> by_layers;

  /// The first layer of which anything is wanted.
  std::size_t first_layer() const;
};

/// Writes all gradients that are defined.
void backward_through(const StackedLayers& layers, const PerceptronGradients& gradients);

}  // namespace assay
