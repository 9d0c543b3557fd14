// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>

#include "data/dataset.h"

namespace assay {

/// Mixtures of equally likely isotropic Gaussians with which mode collapse is measured (Lin et al.
/// 2018, "PacGAN", sec. 4.1). Ring: eight modes on a circle.
ModeSet ring_modes(double radius = 1.0, double sigma = 0.01);
/// Grid: 25 modes at {−4,−2,0,2,4}².
ModeSet grid_modes(double sigma = 0.05);

/// `count` points of the mixture, drawn from `seed`: [N,2] f32, with the mode
/// of each as its label.
DataSplit sample_modes(const ModeSet& modes, std::int64_t count, std::uint64_t seed);

/// The mixtures scaled: request.count training points (default 100,000) and 10,000 test points;
/// request.radius (ring), noise (σ) and scale in place of the set's own. Ring: 1, 0.01, 1; eight
/// Gaussians of Gulrajani et al. 2017: 2, 0.02, 1/1.414; grid: σ 0.05, scale 1. Throws Error for a
/// radius of a grid.
Dataset load_ring(const DatasetRequest& request);
Dataset load_eight_gaussians(const DatasetRequest& request);
Dataset load_grid(const DatasetRequest& request);

/// Points scale · (c(t) + noise · N(0, I) − middle) of plane curves, without labels; scikit-learn's
/// in the coordinates 0 and 2, t drawn anew for each point. Swiss roll: t (cos t, sin t), t uniform
/// in 1.5π (1, 3), noise 0.25, scale 1/7.5 (Gulrajani et al. 2017). Moons: (cos t, sin t) or
/// (1 − cos t, ½ − sin t), t in (0, π), noise 0.05, 2 (x − ½); S-curve: (sin t, sgn t (cos t − 1)),
/// t in 1.5π (−1, 1), noise 0.05, scale 1.5 (both as in Tong et al. 2024). Checkerboard: uniform on
/// eight squares of side 2 in (−4, 4)², no noise. request.noise and scale in place of the set's
/// own.
Dataset load_swiss_roll(const DatasetRequest& request);
Dataset load_moons(const DatasetRequest& request);
Dataset load_s_curve(const DatasetRequest& request);
Dataset load_checkerboard(const DatasetRequest& request);

/// Checks request.count of a set of points, 0 being 100,000. Throws Error.
std::int64_t points_asked_for(std::string_view name, const DatasetRequest& request);
inline constexpr std::int64_t kTestPoints = 10'000;

/// Seeded images of one simple shape each in ten classes (disc, box, triangle, ring, frame,
/// outlined triangle, cross, two bars, diamond) at random place, size and brightness, drawn with 4
/// × 4 samples a pixel: [N,C,size,size] u8. Stands in for real images in smoke runs. size 28 and 1
/// channel unless asked otherwise; request.count training images (default 6000), a sixth of that
/// for testing.
Dataset load_generated_images(const DatasetRequest& request);

/// Generated sets are always there: the folder is "(generated)".
std::optional<std::filesystem::path> locate_generated(const DatasetRequest& request);

}  // namespace assay
