// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// The activations of StyleGAN's layers.
enum class Activation {
  kLinear,    ///< x
  kLeakyRelu  ///< x, where negative .2 x
};

/// The gain that keeps a variance of 1 about where it is: 1; √2 for leaky ReLU.
double default_gain(Activation activation);

/// gain · activation(x + bias), the end of every layer of StyleGAN2 (Karras et al. 2020, appendix
/// B).
///
/// x: [N,C,…], floating point; bias: [C] of x's type, or undefined. Returns x's shape.
/// Differentiable as often as wanted; where x + bias is 0, as for negative numbers. Throws
/// c10::Error for other shapes.
at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation,
                           double gain);

/// With its default gain.
at::Tensor bias_activation(const at::Tensor& x, const at::Tensor& bias, Activation activation);

}  // namespace assay
