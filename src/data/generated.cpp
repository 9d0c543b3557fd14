// SPDX-License-Identifier: Apache-2.0
#include "data/generated.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cmath>
#include <numbers>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::int64_t kDefaultPoints = 100'000;
constexpr std::int64_t kMaxPoints = 100'000'000;

double asked_or(double asked, double own) { return asked > 0.0 ? asked : own; }

Dataset load_modes(std::string_view name, ModeSet modes, double scale,
                   const DatasetRequest& request) {
  const auto count = points_asked_for(name, request);
  modes.centres = modes.centres * scale;
  modes.sigma *= scale;
  Dataset dataset;
  dataset.name = name;
  dataset.modes = modes;
  dataset.classes = modes.centres.size(0);
  dataset.train = sample_modes(modes, count, stream_seed(request.seed, "data"));
  dataset.test = sample_modes(modes, kTestPoints, stream_seed(request.seed, "data/test"));
  return dataset;
}

}  // namespace

std::int64_t points_asked_for(std::string_view name, const DatasetRequest& request) {
  const auto count = request.count == 0 ? kDefaultPoints : request.count;
  if (count < 1 || count > kMaxPoints) {
    throw Error(fmt::format("{}: dataset.count = {} is outside 1 to {}", name, count, kMaxPoints));
  }
  return count;
}

ModeSet ring_modes(double radius, double sigma) {
  constexpr std::int64_t kModes = 8;
  auto centres = at::empty({kModes, 2}, at::kDouble);
  auto* xy = centres.mutable_data_ptr<double>();
  for (std::int64_t i = 0; i < kModes; ++i) {
    const double angle = 2.0 * std::numbers::pi * static_cast<double>(i) / kModes;
    xy[2 * i] = radius * std::cos(angle);
    xy[2 * i + 1] = radius * std::sin(angle);
  }
  return {centres, sigma};
}

ModeSet grid_modes(double sigma) {
  std::vector<double> xy;
  for (int row = -4; row <= 4; row += 2) {
    for (int column = -4; column <= 4; column += 2) {
      xy.insert(xy.end(), {static_cast<double>(column), static_cast<double>(row)});
    }
  }
  return {at::tensor(xy, at::kDouble).reshape({-1, 2}), sigma};
}

DataSplit sample_modes(const ModeSet& modes, std::int64_t count, std::uint64_t seed) {
  RandomStream random(seed);
  const auto centres = modes.centres.contiguous();
  const auto* centre = centres.const_data_ptr<double>();
  auto points = at::empty({count, 2}, at::kFloat);
  auto labels = at::empty({count}, at::kLong);
  auto* xy = points.mutable_data_ptr<float>();
  auto* label = labels.mutable_data_ptr<std::int64_t>();
  for (std::int64_t i = 0; i < count; ++i) {
    const auto mode = random.below(static_cast<std::uint64_t>(centres.size(0)));
    label[i] = static_cast<std::int64_t>(mode);
    for (std::size_t axis = 0; axis < 2; ++axis) {
      const double value = centre[2 * mode + axis] + modes.sigma * random.normal();
      xy[2 * static_cast<std::size_t>(i) + axis] = static_cast<float>(value);
    }
  }
  return make_split(points, labels);
}

Dataset load_ring(const DatasetRequest& request) {
  const auto modes = ring_modes(asked_or(request.radius, 1.0), asked_or(request.noise, 0.01));
  return load_modes("ring", modes, asked_or(request.scale, 1.0), request);
}

Dataset load_eight_gaussians(const DatasetRequest& request) {
  const auto modes = ring_modes(asked_or(request.radius, 2.0), asked_or(request.noise, 0.02));
  return load_modes("eight_gaussians", modes, asked_or(request.scale, 1.0 / 1.414), request);
}

Dataset load_grid(const DatasetRequest& request) {
  if (request.radius > 0.0) {
    throw Error("grid: dataset.radius is of modes on a circle; dataset.scale scales a grid");
  }
  const auto modes = grid_modes(asked_or(request.noise, 0.05));
  return load_modes("grid", modes, asked_or(request.scale, 1.0), request);
}

std::optional<std::filesystem::path> locate_generated(const DatasetRequest&) {
  return std::filesystem::path("(generated)");
}

}  // namespace assay
