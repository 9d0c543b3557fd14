// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

namespace assay {

/// How a modulated convolution is computed.
enum class Modulation {
  kScaled,  ///< d · conv(s · x, w): one plain convolution for all examples
  kGrouped  ///< each example's weights in a group of one convolution
};

struct ModulatedOptions {
  bool demodulate = true;
  bool doubles = false;  ///< the sides, low-pass filtered behind (upfirdn2d.h)
  Modulation way = Modulation::kScaled;
};

/// StyleGAN2's modulated convolution (Karras et al. 2020, eq. 1 and 3): example n sees the weights
///   w″_noikl = d_no s_ni w_oikl,  d_no = 1 / √(Σ_ikl (s_ni w_oikl)² + 1e-8),  or d = 1 without
/// demodulation. x: [N,I,H,W]; weight: [O,I,k,k], k 1 or 3, with its equalised factor; styles s:
/// [N,I]. Returns [N,O,H,W], twice as wide and high with `doubles` (k = 3). The two ways give the
/// same up to rounding; differentiable as often as wanted.
at::Tensor modulated_convolution(const at::Tensor& x, const at::Tensor& weight,
                                 const at::Tensor& styles, const ModulatedOptions& options = {});

}  // namespace assay
