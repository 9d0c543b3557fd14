// SPDX-License-Identifier: Apache-2.0
#include "families/gan/augment/ada_transforms.h"

#include <ATen/ATen.h>

#include <cmath>
#include <numbers>
#include <vector>

namespace assay {
namespace {

constexpr double kShiftRange = 0.125, kShiftSd = 0.125;   // of the side
constexpr double kScaleSd = 0.2, kStretchSd = 0.2;        // of the binary logarithm
constexpr double kBrightnessSd = 0.2;                     // of values in [−1,1]
constexpr double kContrastSd = 0.5, kSaturationSd = 1.0;  // of the binary logarithm

// What one kind of transformation is drawn with.
struct Draws {
  std::int64_t count;
  const Noise& noise;
  const at::TensorOptions& options;

  torch::Tensor uniform(at::IntArrayRef sizes) const { return noise.uniform(sizes, options); }
  torch::Tensor normal(at::IntArrayRef sizes) const { return noise.normal(sizes, options); }
  // `value` with that probability, else `neutral`; one decision an image.
  torch::Tensor taken(const torch::Tensor& value, double neutral,
                      const torch::Tensor& probability) const {
    auto chosen = uniform({count}) < probability;
    if (value.dim() == 2) chosen = chosen.unsqueeze(1);
    return at::where(chosen, value, at::full_like(value, neutral));
  }
  torch::Tensor one_of(double choices) const {
    return (uniform({count}) * choices).floor().clamp_max(choices - 1.0);
  }
  torch::Tensor angle() const { return (uniform({count}) * 2.0 - 1.0) * std::numbers::pi; }
  torch::Tensor power_of_two(double sd) const { return at::exp2(normal({count}) * sd); }
};

using Row = std::vector<torch::Tensor>;

// [N,n,n] of entries [N].
torch::Tensor matrix(const std::vector<Row>& rows) {
  std::vector<torch::Tensor> stacked;
  for (const auto& row : rows) stacked.push_back(at::stack(row, 1));
  return at::stack(stacked, 1);
}

torch::Tensor moving(const torch::Tensor& x, const torch::Tensor& y) {
  const auto one = at::ones_like(x), zero = at::zeros_like(x);
  return matrix({{one, zero, x}, {zero, one, y}, {zero, zero, one}});
}

torch::Tensor scaling(const torch::Tensor& x, const torch::Tensor& y) {
  const auto one = at::ones_like(x), zero = at::zeros_like(x);
  return matrix({{x, zero, zero}, {zero, y, zero}, {zero, zero, one}});
}

torch::Tensor turning(const torch::Tensor& radians) {
  const auto c = radians.cos(), s = radians.sin();
  const auto one = at::ones_like(c), zero = at::zeros_like(c);
  return matrix({{c, -s, zero}, {s, c, zero}, {zero, zero, one}});
}

torch::Tensor product(const std::vector<torch::Tensor>& factors) {
  auto all = factors.front();
  for (std::size_t i = 1; i < factors.size(); ++i) all = at::matmul(all, factors[i]);
  return all;
}

// I + (A − I) · amount of a constant A, exactly I where the amount is 0.
torch::Tensor partly(const torch::Tensor& difference, const torch::Tensor& amount) {
  return at::eye(4, amount.options()) + difference * amount.view({-1, 1, 1});
}

// Rodrigues' rotation about the luma axis.
torch::Tensor hue_turn(const torch::Tensor& radians) {
  const double axis = 1.0 / std::sqrt(3.0);
  const auto c = radians.cos(), s = radians.sin() * axis;
  const auto zero = at::zeros_like(c), one = at::ones_like(c);
  const auto rest = (1.0 - c) / 3.0;
  return matrix({{rest + c, rest - s, rest + s, zero},
                 {rest + s, rest + c, rest - s, zero},
                 {rest - s, rest + s, rest + c, zero},
                 {zero, zero, zero, one}});
}

}  // namespace

AdaPixels draw_pixels(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                      const at::TensorOptions& options) {
  const Draws draws{count, noise, options};
  AdaPixels pixels;
  pixels.flip = draws.taken(draws.one_of(2.0), 0.0, p);
  pixels.quarters = draws.taken(draws.one_of(4.0), 0.0, p);
  pixels.shift = draws.taken((draws.uniform({count, 2}) * 2.0 - 1.0) * kShiftRange, 0.0, p);
  return pixels;
}

AdaGeometry draw_geometry(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                          const at::TensorOptions& options) {
  const Draws draws{count, noise, options};
  const auto turns = 1.0 - (1.0 - p).clamp(0.0, 1.0).sqrt();
  AdaGeometry geometry;
  geometry.scale = draws.taken(draws.power_of_two(kScaleSd), 1.0, p);
  geometry.before = draws.taken(draws.angle(), 0.0, turns);
  geometry.stretch = draws.taken(draws.power_of_two(kStretchSd), 1.0, p);
  geometry.after = draws.taken(draws.angle(), 0.0, turns);
  geometry.shift = draws.taken(draws.normal({count, 2}) * kShiftSd, 0.0, p);
  return geometry;
}

AdaColour draw_colour(std::int64_t count, const torch::Tensor& p, const Noise& noise,
                      const at::TensorOptions& options) {
  const Draws draws{count, noise, options};
  AdaColour colour;
  colour.brightness = draws.taken(draws.normal({count}) * kBrightnessSd, 0.0, p);
  colour.contrast = draws.taken(draws.power_of_two(kContrastSd), 1.0, p);
  colour.luma_flip = draws.taken(draws.one_of(2.0), 0.0, p);
  colour.hue = draws.taken(draws.angle(), 0.0, p);
  colour.saturation = draws.taken(draws.power_of_two(kSaturationSd), 1.0, p);
  return colour;
}

torch::Tensor sources(const AdaPixels& pixels, std::int64_t height, std::int64_t width) {
  const auto shift = pixels.shift.unbind(1);
  const auto flipped = 1.0 - 2.0 * pixels.flip;
  return product({scaling(flipped, at::ones_like(flipped)),
                  turning(pixels.quarters * (std::numbers::pi / 2.0)),
                  moving(-(shift[0] * static_cast<double>(width)).round(),
                         -(shift[1] * static_cast<double>(height)).round())});
}

torch::Tensor sources(const AdaGeometry& geometry, std::int64_t height, std::int64_t width) {
  const auto shift = geometry.shift.unbind(1);
  const auto shrunk = geometry.scale.reciprocal();
  return product(
      {scaling(shrunk, shrunk), turning(geometry.before),
       scaling(geometry.stretch.reciprocal(), geometry.stretch), turning(geometry.after),
       moving(-shift[0] * static_cast<double>(width), -shift[1] * static_cast<double>(height))});
}

torch::Tensor colours(const AdaColour& colour, bool of_one_channel) {
  const auto eye = at::eye(4, colour.contrast.options());
  auto rgb = at::zeros({4, 4}, colour.contrast.options());
  rgb.slice(0, 0, 3).slice(1, 0, 3).fill_(1.0);
  const auto luma = rgb / 3.0;  // v vᵀ
  const auto opaque = at::diag(at::tensor({1.0, 1.0, 1.0, 0.0}, eye.options()));
  auto brightness = at::zeros({4, 4}, eye.options());
  brightness.slice(0, 0, 3).slice(1, 3, 4).fill_(1.0);
  const auto first = std::vector<torch::Tensor>{partly(-2.0 * luma, colour.luma_flip),
                                                partly(opaque, colour.contrast - 1.0),
                                                partly(brightness, colour.brightness)};
  if (of_one_channel) return product(first);
  // Homogeneous: v has no fourth coordinate, so v vᵀ + s (I − v vᵀ) scales that too.
  return product(
      {partly(eye - luma, colour.saturation - 1.0), hue_turn(colour.hue), product(first)});
}

}  // namespace assay
