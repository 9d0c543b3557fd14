// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "core/error.h"
#include "core/random.h"
#include "data/generated.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::int64_t kDefaultImages = 6000;
constexpr std::int64_t kMaxImages = 1'000'000;
constexpr std::int64_t kDefaultSize = 28;
constexpr int kSamplesPerSide = 4;

bool in_box(double x, double y, double half) { return std::max(std::abs(x), std::abs(y)) <= half; }

bool in_disc(double x, double y, double radius) { return x * x + y * y <= radius * radius; }

// Upright triangle with its corners on the box of half-side `half`.
bool in_triangle(double x, double y, double half) {
  return y >= -half && y <= half && 2.0 * std::abs(x) <= half - y;
}

// Is the point (x, y), in units of the shape's radius, inside the shape of this class?
using Shape = bool (*)(double x, double y);
constexpr std::array<Shape, 10> kShapes{{
    [](double x, double y) { return in_disc(x, y, 1.0); },
    [](double x, double y) { return in_box(x, y, 0.9); },
    [](double x, double y) { return in_triangle(x, y, 1.0); },
    [](double x, double y) { return in_disc(x, y, 1.0) && !in_disc(x, y, 0.6); },
    [](double x, double y) { return in_box(x, y, 0.9) && !in_box(x, y, 0.5); },
    [](double x, double y) { return in_triangle(x, y, 1.0) && !in_triangle(x, y + 0.2, 0.45); },
    [](double x, double y) {
      return in_box(x, y, 1.0) && std::min(std::abs(x), std::abs(y)) <= 0.3;
    },
    [](double x, double y) { return std::abs(x) <= 1.0 && std::abs(y) <= 0.35; },
    [](double x, double y) { return std::abs(x) <= 0.35 && std::abs(y) <= 1.0; },
    [](double x, double y) { return std::abs(x) + std::abs(y) <= 1.0; },
}};

struct Drawing {
  Shape shape = nullptr;
  double centre_x = 0.0, centre_y = 0.0, radius = 1.0;  // pixels
};

double coverage(const Drawing& drawing, std::int64_t column, std::int64_t row) {
  int inside = 0;
  for (int sample = 0; sample < kSamplesPerSide * kSamplesPerSide; ++sample) {
    const int across = sample % kSamplesPerSide, down = sample / kSamplesPerSide;
    const double dx = (across + 0.5) / kSamplesPerSide;
    const double dy = (down + 0.5) / kSamplesPerSide;
    const double x = (static_cast<double>(column) + dx - drawing.centre_x) / drawing.radius;
    const double y = (drawing.centre_y - static_cast<double>(row) - dy) / drawing.radius;
    inside += drawing.shape(x, y) ? 1 : 0;
  }
  return static_cast<double>(inside) / (kSamplesPerSide * kSamplesPerSide);
}

double between(RandomStream& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

// Draws one image into `pixels` [C,size,size] and returns its class.
std::int64_t draw(RandomStream& random, std::int64_t channels, std::int64_t size,
                  std::uint8_t* pixels) {
  const auto label = random.below(kShapes.size());
  const auto side = static_cast<double>(size);
  Drawing drawing{kShapes[label]};
  drawing.radius = between(random, 0.2, 0.4) * side;
  drawing.centre_x = between(random, drawing.radius, side - drawing.radius);
  drawing.centre_y = between(random, drawing.radius, side - drawing.radius);
  std::array<double, 3> ground{};
  std::array<double, 3> paint{};
  for (std::size_t c = 0; c < static_cast<std::size_t>(channels); ++c) {
    ground[c] = between(random, 0.0, 40.0);
    paint[c] = between(random, channels == 1 ? 160.0 : 80.0, 255.0);
  }
  for (std::int64_t i = 0; i < size * size; ++i) {
    const double share = coverage(drawing, i % size, i / size);
    for (std::int64_t c = 0; c < channels; ++c) {
      const auto k = static_cast<std::size_t>(c);
      pixels[c * size * size + i] =
          static_cast<std::uint8_t>(std::lround(ground[k] + (paint[k] - ground[k]) * share));
    }
  }
  return static_cast<std::int64_t>(label);
}

DataSplit draw_split(std::int64_t count, std::int64_t channels, std::int64_t size,
                     std::uint64_t seed) {
  RandomStream random(seed);
  auto images = at::empty({count, channels, size, size}, at::kByte);
  auto labels = at::empty({count}, at::kLong);
  auto* pixels = images.mutable_data_ptr<std::uint8_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    labels.mutable_data_ptr<std::int64_t>()[i] =
        draw(random, channels, size, pixels + i * channels * size * size);
  }
  return make_split(images, labels);
}

}  // namespace

Dataset load_generated_images(const DatasetRequest& request) {
  const auto size = request.size == 0 ? kDefaultSize : request.size;
  const auto channels = request.channels == 0 ? 1 : request.channels;
  const auto count = request.count == 0 ? kDefaultImages : request.count;
  if (size < 8 || size > 256) {
    throw Error(fmt::format("generated_images: dataset.size = {} is outside 8 to 256", size));
  }
  if (channels != 1 && channels != 3) {
    throw Error(
        fmt::format("generated_images: dataset.channels = {} is neither 1 nor 3", channels));
  }
  if (count < 1 || count > kMaxImages) {
    throw Error(
        fmt::format("generated_images: dataset.count = {} is outside 1 to {}", count, kMaxImages));
  }
  constexpr std::int64_t kTrainPerTest = 6;
  const auto test_count = std::max<std::int64_t>(1, count / kTrainPerTest);
  Dataset dataset;
  dataset.name = "generated_images";
  dataset.classes = static_cast<std::int64_t>(kShapes.size());
  dataset.train = draw_split(count, channels, size, stream_seed(request.seed, "data"));
  dataset.test = draw_split(test_count, channels, size, stream_seed(request.seed, "data/test"));
  return dataset;
}

}  // namespace assay
