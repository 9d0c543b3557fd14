// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/sliced_w2.h"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>

#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>

#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

// Directions per matrix product: bounds the memory for projections.
constexpr std::int64_t kBlock = 64;

at::Tensor unit_directions(std::int64_t count, std::int64_t dimensions, std::uint64_t seed) {
  auto generator = at::detail::createCPUGenerator(seed);
  const auto drawn = at::randn({count, dimensions}, generator, at::TensorOptions(at::kFloat));
  // In f32, as torch-fidelity divides.
  return (drawn / drawn.norm(2, {1}, /*keepdim=*/true).clamp_min(1e-12)).to(at::kDouble);
}

// One sample along one direction.
struct Slice {
  std::vector<double> sorted;
  std::vector<std::size_t> order;  // sorted[k] is row order[k]
};

Slice slice_of(const at::Tensor& projections) {
  const auto* values = projections.const_data_ptr<double>();
  Slice slice;
  slice.order.resize(static_cast<std::size_t>(projections.size(0)));
  std::iota(slice.order.begin(), slice.order.end(), std::size_t{0});
  std::stable_sort(slice.order.begin(), slice.order.end(),
                   [&](std::size_t a, std::size_t b) { return values[a] < values[b]; });
  for (const auto row : slice.order) slice.sorted.push_back(values[row]);
  return slice;
}

void add_potential(std::vector<double>& influences, const Slice& slice, const Slice& other) {
  const auto potential = w2_potential_of_sorted(slice.sorted, other.sorted);
  for (std::size_t k = 0; k < potential.size(); ++k) influences[slice.order[k]] += potential[k];
}

double squared_error(const std::vector<double>& influences) {
  const double error = mean_of(at::tensor(influences, at::kDouble)).standard_error;
  return error * error;
}

}  // namespace

double squared_w2_of_sorted(const std::vector<double>& x, const std::vector<double>& y) {
  // Levels in units of 1/(N·M), so that no mass is lost to rounding.
  const auto n = x.size();
  const auto m = y.size();
  double sum = 0.0;
  std::size_t i = 0;
  std::size_t j = 0;
  std::size_t level = 0;
  while (i < n && j < m) {
    const std::size_t next = std::min((i + 1) * m, (j + 1) * n);
    sum += static_cast<double>(next - level) * (x[i] - y[j]) * (x[i] - y[j]);
    level = next;
    if (level == (i + 1) * m) ++i;
    if (level == (j + 1) * n) ++j;
  }
  return sum / (static_cast<double>(n) * static_cast<double>(m));
}

std::vector<double> w2_potential_of_sorted(const std::vector<double>& x,
                                           const std::vector<double>& y) {
  std::vector<double> potential(x.size(), 0.0);
  for (std::size_t k = 1; k < x.size(); ++k) {
    const std::size_t level = k * y.size();
    const std::size_t at = level / x.size();
    // On a step of G the quantile is an interval; its middle.
    const double quantile = level % x.size() != 0 ? y[at] : (y[at - 1] + y[at]) / 2.0;
    potential[k] = potential[k - 1] + (x[k] - x[k - 1]) * (x[k] + x[k - 1] - 2.0 * quantile);
  }
  return potential;
}

Mean sliced_w2(const at::Tensor& generated, const at::Tensor& reference, std::int64_t directions,
               std::uint64_t seed) {
  TORCH_CHECK(
      generated.dim() == 2 && reference.dim() == 2 && generated.size(1) == reference.size(1) &&
          generated.size(0) >= 2 && reference.size(0) >= 2 && directions >= 1,
      "sliced_w2: ", directions, " directions of ", generated.sizes(), " and ", reference.sizes());
  const auto units = unit_directions(directions, generated.size(1), seed);
  std::vector<double> of_generated(static_cast<std::size_t>(generated.size(0)), 0.0);
  std::vector<double> of_reference(static_cast<std::size_t>(reference.size(0)), 0.0);
  double sum = 0.0;
  run_serial([&] {
    // Far from zero the projections would lose digits.
    const auto origin = reference.mean(0);
    for (std::int64_t first = 0; first < directions; first += kBlock) {
      const auto block = units.slice(0, first, std::min(first + kBlock, directions));
      const auto x = block.mm((generated - origin).t());
      const auto y = block.mm((reference - origin).t());
      for (std::int64_t i = 0; i < block.size(0); ++i) {
        const Slice from_x = slice_of(x[i]);
        const Slice from_y = slice_of(y[i]);
        sum += squared_w2_of_sorted(from_x.sorted, from_y.sorted);
        add_potential(of_generated, from_x, from_y);
        add_potential(of_reference, from_y, from_x);
      }
    }
  });
  const double scale =
      3.0 * static_cast<double>(generated.size(1)) / static_cast<double>(directions);
  return {scale * sum,
          scale * std::sqrt(squared_error(of_generated) + squared_error(of_reference))};
}

MetricValue compute_sliced_w2(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "sliced_w2");
  const std::int64_t directions = whole_option(inputs, "sliced_w2.directions");
  const std::int64_t seed = whole_option(inputs, "sliced_w2.seed");
  const Mean distance = sliced_w2(features.generated, features.reference, directions,
                                  static_cast<std::uint64_t>(seed));
  return scored(
      inputs, distance,
      {.metric = "sliced_w2",
       .estimator = "3 d mean of squared W2, quantile coupling, f64",
       .n_generated = features.generated.size(0),
       .n_real = features.reference.size(0),
       .settings = {{"directions", std::to_string(directions)}, {"seed", std::to_string(seed)}}});
}

}  // namespace assay
