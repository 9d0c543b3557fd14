// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include "kernels/convolution/winograd.h"

namespace assay {

/// What a convolution by tiles reads: pixels and the filters that meet them. One for stride 1; for
/// stride 2 four, each every other pixel and every other tap.
struct Phase {
  PixelView pixels;
  FilterView filter;
};

/// The images that it writes, or whose gradient it reads: [images, rows, columns, channels].
struct TiledOutput {
  PixelView pixels;
  std::int64_t images = 0, rows = 0, columns = 0;
  std::int64_t channels = 0;
};

/// y_{ij} = bias + Σ_{phases} Σ_{uv} w_{uv} x_{i+u, j+v} over pixels of `channels` numbers; bias
/// [O] or null. The result does not depend on the number of threads.
void winograd_correlate(const WinogradKernels& kernels, std::span<const Phase> phases,
                        std::int64_t channels, const float* bias, const TiledOutput& y);

/// ∂L/∂w_{uv} = Σ_{ij} x_{i+u, j+v} (∂L/∂y_{ij})ᵀ of each phase, written to its filter. The order
/// of the sums does not depend on the number of threads.
void winograd_filter_gradient(const WinogradKernels& kernels, std::span<const Phase> phases,
                              std::int64_t channels, const TiledOutput& y_gradient);

}  // namespace assay
