// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "data/png.h"

namespace assay {
namespace {

constexpr std::int64_t kSeparator = 2;
constexpr std::uint8_t kWhite = 255;
using Colour = std::array<int, 3>;
constexpr Colour kPointColour{31, 119, 180};
constexpr Colour kCentreColour{230, 97, 1};

// Where the picture's square lies in the plane.
struct View {
  double left = 0.0;
  double bottom = 0.0;
  double pixels_per_unit = 1.0;
};

View view_of(const at::Tensor& shown, std::int64_t size) {
  constexpr double kMargin = 1.4;
  const auto low = std::get<0>(shown.min(0));
  const auto high = std::get<0>(shown.max(0));
  const double extent = std::max((high - low).max().item<double>(), 1e-6) * kMargin;
  const auto middle = (low + high) / 2;
  return {middle[0].item<double>() - extent / 2, middle[1].item<double>() - extent / 2,
          static_cast<double>(size) / extent};
}

// Paints towards `colour` by `share` of the remaining distance.
class Canvas {
 public:
  explicit Canvas(std::int64_t size)
      : size_(size),
        picture_(at::full({3, size, size}, kWhite, at::kByte)),
        pixels_(picture_.mutable_data_ptr<std::uint8_t>()) {}

  void blend(std::int64_t column, std::int64_t row, const Colour& colour, double share) {
    if (column < 0 || row < 0 || column >= size_ || row >= size_) return;
    for (std::int64_t c = 0; c < 3; ++c) {
      auto& pixel = pixels_[(c * size_ + row) * size_ + column];
      const double target = colour[static_cast<std::size_t>(c)];
      pixel = static_cast<std::uint8_t>(std::lround(pixel + (target - pixel) * share));
    }
  }

  const at::Tensor& picture() const { return picture_; }

 private:
  std::int64_t size_;
  at::Tensor picture_;
  std::uint8_t* pixels_;
};

void draw_circle(Canvas& canvas, double x, double y, double radius) {
  const auto reach = static_cast<std::int64_t>(std::ceil(radius)) + 1;
  const auto centre_x = static_cast<std::int64_t>(std::floor(x));
  const auto centre_y = static_cast<std::int64_t>(std::floor(y));
  for (std::int64_t row = centre_y - reach; row <= centre_y + reach; ++row) {
    for (std::int64_t column = centre_x - reach; column <= centre_x + reach; ++column) {
      const double distance =
          std::hypot(static_cast<double>(column) + 0.5 - x, static_cast<double>(row) + 0.5 - y);
      const double cover = std::clamp(1.25 - std::abs(distance - radius), 0.0, 1.0);
      if (cover > 0.0) canvas.blend(column, row, kCentreColour, cover);
    }
  }
}

}  // namespace

at::Tensor image_grid(const at::Tensor& images, std::int64_t columns) {
  TORCH_CHECK(images.dim() == 4 && images.scalar_type() == at::kByte && images.size(0) > 0,
              "image_grid: needs [N,C,H,W] u8, not ", images.sizes(), " ", images.scalar_type());
  TORCH_CHECK(columns > 0, "image_grid: columns is ", columns);
  const auto count = images.size(0);
  const auto cell_height = images.size(2) + kSeparator;
  const auto cell_width = images.size(3) + kSeparator;
  const auto rows = (count + columns - 1) / columns;
  auto grid =
      at::full({images.size(1), rows * cell_height - kSeparator, columns * cell_width - kSeparator},
               kWhite, at::kByte);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto top = i / columns * cell_height;
    const auto left = i % columns * cell_width;
    grid.slice(1, top, top + images.size(2)).slice(2, left, left + images.size(3)).copy_(images[i]);
  }
  return grid;
}

at::Tensor scatter_picture(const at::Tensor& points, const at::Tensor& mode_centres,
                           std::int64_t size) {
  TORCH_CHECK(points.dim() == 2 && points.size(1) == 2 && points.size(0) > 0,
              "scatter_picture: needs [N,2] points, not ", points.sizes());
  TORCH_CHECK(size > 0, "scatter_picture: size is ", size);
  const auto plane = points.to(at::kDouble).contiguous();
  const bool has_centres = mode_centres.defined() && mode_centres.size(0) > 0;
  const auto centres = has_centres ? mode_centres.to(at::kDouble).contiguous() : plane;
  const View view = view_of(centres, size);
  const auto x_of = [&](double x) { return (x - view.left) * view.pixels_per_unit; };
  // Rows count from the top.
  const auto y_of = [&](double y) {
    return static_cast<double>(size) - (y - view.bottom) * view.pixels_per_unit;
  };
  Canvas canvas(size);
  const double* p = plane.const_data_ptr<double>();
  for (std::int64_t i = 0; i < plane.size(0); ++i) {
    const double x = x_of(p[2 * i]);
    const double y = y_of(p[2 * i + 1]);
    // Also false for NaN, which has no place in the picture.
    if (!(x >= 0 && y >= 0 && x < static_cast<double>(size) && y < static_cast<double>(size))) {
      continue;
    }
    canvas.blend(static_cast<std::int64_t>(x), static_cast<std::int64_t>(y), kPointColour, 0.35);
  }
  if (has_centres) {
    const double* c = centres.const_data_ptr<double>();
    const double radius = std::max(3.0, static_cast<double>(size) / 48.0);
    for (std::int64_t i = 0; i < centres.size(0); ++i) {
      draw_circle(canvas, x_of(c[2 * i]), y_of(c[2 * i + 1]), radius);
    }
  }
  return canvas.picture();
}

}  // namespace assay
