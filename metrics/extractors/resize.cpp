// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/resize.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/near_miss.h"

namespace assay {
namespace {

struct RuleText {
  ResizeRule rule;
  std::string_view name;
  std::string_view meaning;
};

constexpr std::array<RuleText, 4> kRules{{
    {ResizeRule::kTf1Bilinear, "tf1-bilinear", "no half-pixel, no antialias"},
    {ResizeRule::kPilBicubic, "pil-bicubic", "half-pixel, antialias, clipped, not rounded"},
    {ResizeRule::kBilinear, "bilinear", "half-pixel, no antialias"},
    {ResizeRule::kBilinearAntialias, "bilinear-antialias", "half-pixel, antialias"},
}};

at::Tensor checked_float(const at::Tensor& images, std::int64_t size) {
  TORCH_CHECK(images.dim() == 4 && images.numel() > 0 &&
                  (images.scalar_type() == at::kByte || images.scalar_type() == at::kFloat),
              "images must be [N,C,H,W] u8 or f32, not ", images.sizes(), " ",
              images.scalar_type());
  TORCH_CHECK(size > 0, "cannot resize to ", size);
  return images.to(at::kFloat);
}

// One axis of TensorFlow 1's rule: x[floor] + (x[floor + 1] − x[floor]) · fraction.
at::Tensor tf1_axis(const at::Tensor& x, std::int64_t axis, std::int64_t size) {
  if (x.size(axis) == size) return x;  // every fraction would be 0
  const auto last = x.size(axis) - 1;
  // TensorFlow computes positions in f32, and so must this.
  const float scale = static_cast<float>(x.size(axis)) / static_cast<float>(size);
  const auto position = at::arange(size, at::kFloat).mul_(scale);
  const auto low = position.to(at::kLong);
  const auto high = (low + 1).clamp_max_(last);
  auto shape = std::vector<std::int64_t>(4, 1);
  shape[static_cast<std::size_t>(axis)] = size;
  const auto fraction = (position - low).view(shape);
  const auto from = x.index_select(axis, low);
  return (x.index_select(axis, high) - from).mul_(fraction).add_(from);
}

// Keys' cubic convolution kernel with a = −0.5 (Keys 1981, eq. 15).
double cubic(double x) {
  constexpr double kA = -0.5;
  x = std::abs(x);
  if (x < 1.0) return ((kA + 2.0) * x - (kA + 3.0)) * x * x + 1.0;
  if (x < 2.0) return (((x - 5.0) * x + 8.0) * x - 4.0) * kA;
  return 0.0;
}

// [out,in] f64: row i holds the weights of output i, as Pillow's precompute_coeffs gives them.
at::Tensor pil_weights(std::int64_t in, std::int64_t out) {
  const double scale = static_cast<double>(in) / static_cast<double>(out);
  const double stretch = std::max(scale, 1.0);
  const double support = 2.0 * stretch;
  auto weights = at::zeros({out, in}, at::kDouble);
  auto rows = weights.accessor<double, 2>();
  for (std::int64_t i = 0; i < out; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto first = std::max<std::int64_t>(static_cast<std::int64_t>(centre - support + 0.5), 0);
    const auto end = std::min(static_cast<std::int64_t>(centre + support + 0.5), in);
    double sum = 0.0;
    for (std::int64_t j = first; j < end; ++j) {
      rows[i][j] = cubic((static_cast<double>(j) - centre + 0.5) / stretch);
      sum += rows[i][j];
    }
    for (std::int64_t j = first; j < end; ++j) rows[i][j] /= sum;
  }
  return weights;
}

}  // namespace

at::Tensor resize_tf1_bilinear(const at::Tensor& images, std::int64_t size) {
  const auto x = checked_float(images, size);
  return tf1_axis(tf1_axis(x, 3, size), 2, size);
}

at::Tensor resize_pil_bicubic(const at::Tensor& images, std::int64_t size) {
  const auto x = checked_float(images, size);
  // Pillow leaves an axis alone that has the size already.
  auto y = x;
  if (x.size(3) != size) {
    y = at::matmul(y.to(at::kDouble), pil_weights(x.size(3), size).t()).to(at::kFloat);
  }
  if (x.size(2) != size) {
    y = at::matmul(pil_weights(x.size(2), size), y.to(at::kDouble)).to(at::kFloat);
  }
  return y.clamp(0.0, 255.0);
}

at::Tensor resize_bilinear(const at::Tensor& images, std::int64_t size) {
  return at::upsample_bilinear2d(checked_float(images, size), {size, size},
                                 /*align_corners=*/false);
}

at::Tensor resize_bilinear_antialias(const at::Tensor& images, std::int64_t size) {
  return at::_upsample_bilinear2d_aa(checked_float(images, size), {size, size},
                                     /*align_corners=*/false);
}

at::Tensor resize_images(const at::Tensor& images, ResizeRule rule, std::int64_t size) {
  switch (rule) {
    case ResizeRule::kTf1Bilinear:
      return resize_tf1_bilinear(images, size);
    case ResizeRule::kPilBicubic:
      return resize_pil_bicubic(images, size);
    case ResizeRule::kBilinear:
      return resize_bilinear(images, size);
    case ResizeRule::kBilinearAntialias:
      return resize_bilinear_antialias(images, size);
  }
  TORCH_CHECK(false, "no such resize rule: ", static_cast<int>(rule));
}

std::vector<std::string> resize_rule_names() {
  std::vector<std::string> names;
  for (const auto& one : kRules) names.emplace_back(one.name);
  return names;
}

ResizeRule parse_resize_rule(std::string_view name) {
  for (const auto& one : kRules) {
    if (one.name == name) return one.rule;
  }
  throw Error(fmt::format("unknown resize rule '{:.100}'{}", name,
                          suggestion(name, resize_rule_names(), "resize rules")));
}

std::string describe_resize(ResizeRule rule, std::int64_t size) {
  const auto found =
      std::find_if(kRules.begin(), kRules.end(), [&](const auto& one) { return one.rule == rule; });
  TORCH_CHECK(found != kRules.end(), "no such resize rule: ", static_cast<int>(rule));
  return fmt::format("{} {}, {}", found->name, size, found->meaning);
}

}  // namespace assay
