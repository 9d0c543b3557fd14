// SPDX-License-Identifier: Apache-2.0
// How adaptive augmentation moves pixels and maps colours. Padding by reflection, doubling and
// halving with the wavelet's filter are linear along each axis, so each axis has one matrix for all
// of it: two products of matrices an image, whose derivatives of any order are such products too,
// deterministic on every device.
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>
#include <vector>

#include "families/gan/augment/ada_transforms.h"
#include "kernels/resampling/affine_resample.h"

namespace assay {
namespace {

// Daubechies' least asymmetric low-pass filter of 12 taps, whose sum is √2 (PyWavelets' sym6).
constexpr std::array<double, 12> kSym6 = {
    0.015404109327027373,  0.0034907120842174702, -0.11799011114819057,  -0.048311742585633,
    0.4910559419267466,    0.787641141030194,     0.3379294217276218,    -0.07263752278646252,
    -0.021060292512300564, 0.04472490177066578,   0.0017677118642428036, -0.007800708325034148};
constexpr auto kTaps = static_cast<std::int64_t>(kSym6.size());
// Pixels around the result that its last filter wants to see.
constexpr std::int64_t kRim = kTaps / 4;

double tap(std::int64_t t) {
  return t < 0 || t >= kTaps ? 0.0 : kSym6[static_cast<std::size_t>(t)] / std::sqrt(2.0);
}

// Pixels by which an axis is extended before its first and behind its last one.
struct Margin {
  std::int64_t before, after;
};

torch::Tensor as_tensor(std::vector<double>& values, std::int64_t rows, std::int64_t columns,
                        const at::TensorOptions& options) {
  return at::from_blob(values.data(), {rows, columns}, at::kDouble).to(options, false, true);
}

// [2(L + margins), L]: mirrored at the outermost pixels, a zero behind each, filtered; a constant
// stays constant.
torch::Tensor doubling(std::int64_t side, const Margin& margin, const at::TensorOptions& options) {
  const std::int64_t padded = side + margin.before + margin.after;
  std::vector<double> values(static_cast<std::size_t>(2 * padded * side));
  for (std::int64_t k = 0; k < padded; ++k) {
    const std::int64_t from = side - 1 - std::abs(side - 1 - std::abs(k - margin.before));
    for (std::int64_t n = 0; n < 2 * padded; ++n) {
      values[static_cast<std::size_t>(n * side + from)] += 2.0 * tap(n - 2 * k + kTaps / 2 - 1);
    }
  }
  return as_tensor(values, 2 * padded, side, options);
}

// [L, 2(L + 2 rims)]: filtered by the same taps mirrored, every other value kept, the rim left out.
torch::Tensor halving(std::int64_t side, const at::TensorOptions& options) {
  const std::int64_t doubled = 2 * (side + 2 * kRim);
  std::vector<double> values(static_cast<std::size_t>(side * doubled));
  for (std::int64_t j = 0; j < side; ++j) {
    for (std::int64_t i = 0; i < doubled; ++i) {
      values[static_cast<std::size_t>(j * doubled + i)] = tap(i - 2 * j - 1);
    }
  }
  return as_tensor(values, side, doubled, options);
}

torch::Tensor along_both(const torch::Tensor& rows, const torch::Tensor& images,
                         const torch::Tensor& columns) {
  return at::matmul(at::matmul(rows, images), columns.t());
}

torch::Tensor moving(double x, double y, const at::TensorOptions& options) {
  return at::tensor({1.0, 0.0, x, 0.0, 1.0, y, 0.0, 0.0, 1.0}, options).view({3, 3});
}

// How far beyond its sides any of the images is read: {left and right, above and below}.
std::array<Margin, 2> margins(const torch::Tensor& from, std::int64_t height, std::int64_t width) {
  const double cx = static_cast<double>(width - 1) / 2.0,
               cy = static_cast<double>(height - 1) / 2.0;
  const auto corners =
      at::tensor({-cx, cx, cx, -cx, -cy, -cy, cy, cy, 1.0, 1.0, 1.0, 1.0}, from.options())
          .view({3, 4});
  const auto read = at::matmul(from, corners).cpu();
  const auto margin = [&](const torch::Tensor& at, double middle, std::int64_t side) {
    const auto needed = [&](const torch::Tensor& furthest) {
      const double pixels = furthest.item<double>() + 2.0 * static_cast<double>(kRim) - middle;
      return static_cast<std::int64_t>(
          std::ceil(std::clamp(pixels, 0.0, static_cast<double>(side - 1))));
    };
    return Margin{needed(-at.min()), needed(at.max())};
  };
  return {margin(read.select(1, 0), cx, width), margin(read.select(1, 1), cy, height)};
}

}  // namespace

torch::Tensor geometrically_transformed(const torch::Tensor& images, const torch::Tensor& from) {
  const auto maps = from.to(at::kDouble);
  const auto untouched = (maps == at::eye(3, maps.options())).flatten(1).all(1);
  if (untouched.all().item<bool>()) return images;
  const std::int64_t height = images.size(2), width = images.size(3);
  const auto [x, y] = margins(maps, height, width);
  const auto options = images.options().requires_grad(false);
  const auto doubled =
      along_both(doubling(height, y, options), images, doubling(width, x, options));
  const auto half = [](std::int64_t pixels) { return static_cast<double>(pixels) / 2.0; };
  const std::int64_t rows = 2 * (height + 2 * kRim), columns = 2 * (width + 2 * kRim);
  // From pixels of the result to points about its middle, half as large; the images' map; and back,
  // to the pixels of what was padded and doubled. Doubling puts a pixel's middle at its first half.
  const auto here = moving(-half(columns - 1) + 0.5, -half(rows - 1) + 0.5, maps.options());
  const auto there = moving(
      half(doubled.size(3) - 1) - 0.5 + static_cast<double>(x.before - x.after),
      half(doubled.size(2) - 1) - 0.5 + static_cast<double>(y.before - y.after), maps.options());
  auto twice = maps.clone();
  twice.slice(1, 0, 2).slice(2, 2, 3).mul_(2.0);
  const auto theta = at::matmul(at::matmul(there, twice), here).slice(1, 0, 2);
  const auto read = affine_resample(doubled, theta, rows, columns);
  const auto moved = along_both(halving(height, options), read, halving(width, options));
  return at::where(untouched.view({-1, 1, 1, 1}), images, moved);
}

torch::Tensor recoloured(const torch::Tensor& images, const torch::Tensor& map) {
  const auto of_rgb = map.slice(1, 0, 3);
  if (images.size(1) == 3) {
    const auto mapped = at::matmul(of_rgb.slice(2, 0, 3), images.flatten(2)) + of_rgb.slice(2, 3);
    return mapped.view(images.sizes());
  }
  TORCH_CHECK(images.size(1) == 1, "colours of 1 or 3 channels, not of ", images.sizes());
  const auto factor = of_rgb.slice(2, 0, 3).sum({1, 2}) / 3.0,
             shift = of_rgb.select(2, 3).sum(1) / 3.0;
  return images * factor.view({-1, 1, 1, 1}) + shift.view({-1, 1, 1, 1});
}

}  // namespace assay
