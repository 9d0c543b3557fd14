// SPDX-License-Identifier: Apache-2.0
#include "harness/level_sets.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>

#include "families/judge.h"
#include "harness/pictures.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kSide = 256, kBands = 10, kMostPoints = 1000;
constexpr double kMargin = 0.2;
constexpr int kDarkest = 96, kLightest = 248, kLine = 40;

// The square [left, left + side) × [bottom, bottom + side).
struct Square {
  double left, bottom, side;
};

Square around(const at::Tensor& points) {
  const auto low = std::get<0>(points.min(0)), high = std::get<0>(points.max(0));
  const double side = (1.0 + 2.0 * kMargin) * (high - low).max().item<double>();
  const auto corner = 0.5 * (low + high) - 0.5 * side;
  return {corner[0].item<double>(), corner[1].item<double>(), side > 0.0 ? side : 1.0};
}

// The middle of each pixel, row by row from the top: [S²,2].
at::Tensor pixels_of(const Square& square) {
  const auto share = (at::arange(kSide, at::kDouble) + 0.5) / static_cast<double>(kSide);
  const auto x = square.left + square.side * share;
  const auto y = square.bottom + square.side * share.flip(0);
  return at::stack({x.repeat({kSide}), y.repeat_interleave(kSide)}, 1).to(at::kFloat);
}

// Where a band ends: the pixel to the right or below lies in another.
at::Tensor lines_of(const at::Tensor& bands) {
  auto lines = at::zeros_like(bands, at::kBool);
  lines.slice(1, 0, kSide - 1).logical_or_(bands.slice(1, 1).ne(bands.slice(1, 0, kSide - 1)));
  lines.slice(0, 0, kSide - 1).logical_or_(bands.slice(0, 1).ne(bands.slice(0, 0, kSide - 1)));
  return lines;
}

void draw_points(at::Tensor& picture, const at::Tensor& points, const Square& square) {
  const auto shown = points.narrow(0, 0, std::min(kMostPoints, points.size(0)));
  const double scale = static_cast<double>(kSide) / square.side;
  const auto column = ((shown.select(1, 0) - square.left) * scale).to(at::kLong);
  const auto row = kSide - 1 - ((shown.select(1, 1) - square.bottom) * scale).to(at::kLong);
  const std::array<int, 3> orange = {230, 120, 20};
  for (std::size_t channel = 0; channel < orange.size(); ++channel) {
    picture[static_cast<int64_t>(channel)].index_put_(
        {row, column}, at::scalar_tensor(orange[channel], at::kByte));
  }
}

}  // namespace

at::Tensor level_bands(const at::Tensor& values, int64_t levels) {
  const auto low = values.min(), range = values.max() - low;
  if (range.item<double>() == 0.0) return at::zeros_like(values, at::kLong);
  return ((values - low) / range * static_cast<double>(levels))
      .floor()
      .clamp_max(static_cast<double>(levels - 1))
      .to(at::kLong);
}

std::optional<Artifact> level_sets_picture(Trainable& model, const at::Tensor& real) {
  auto* judge = dynamic_cast<Judge*>(&model);
  if (judge == nullptr || real.size(0) == 0) return std::nullopt;
  const auto points = real.to(at::kDouble);
  const Square square = around(points);
  const auto logits = judge->logits_of(pixels_of(square));
  if (!logits || !logits->isfinite().all().item<bool>()) return std::nullopt;
  const auto bands = level_bands(logits->to(at::kDouble).reshape({kSide, kSide}), kBands);
  const auto tone = (bands * (kLightest - kDarkest)).floor_divide(kBands - 1) + kDarkest;
  auto picture =
      tone.masked_fill(lines_of(bands), kLine).to(at::kByte).expand({3, kSide, kSide}).clone();
  draw_points(picture, points, square);
  return picture_artifact("critic", picture);
}

}  // namespace assay
