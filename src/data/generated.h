// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "data/dataset.h"

namespace assay {

/// Mixtures of equally likely isotropic Gaussians with which mode collapse is measured (Lin et al.
/// 2018, "PacGAN", sec. 4.1). Ring: eight modes on the unit circle, σ = 0.01.
ModeSet ring_modes();
/// Grid: 25 modes at {−4,−2,0,2,4}², σ = 0.05.
ModeSet grid_modes();

/// `count` points of the mixture, drawn from `seed`: [N,2] f32, with the mode
/// of each as its label.
DataSplit sample_modes(const ModeSet& modes, std::int64_t count, std::uint64_t seed);

/// request.count training points (default 100,000) and 10,000 test points.
Dataset load_ring(const DatasetRequest& request);
Dataset load_grid(const DatasetRequest& request);

/// Seeded images of one simple shape each in ten classes (disc, box, triangle, ring, frame,
/// outlined triangle, cross, two bars, diamond) at random place, size and brightness, drawn with 4
/// × 4 samples a pixel: [N,C,size,size] u8. Stands in for real images in smoke runs. size 28 and 1
/// channel unless asked otherwise; request.count training images (default 6000), a sixth of that
/// for testing.
Dataset load_generated_images(const DatasetRequest& request);

/// Generated sets are always there: the folder is "(generated)".
std::optional<std::filesystem::path> locate_generated(const DatasetRequest& request);

}  // namespace assay
