// SPDX-License-Identifier: Apache-2.0
#include "metrics/neighbours/data_copying.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"
#include "metrics/learners/kmeans.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kTile = 1024;

// Share of `others` (sorted) below each value, half for ties.
std::vector<double> placements(const std::vector<double>& values,
                               const std::vector<double>& others) {
  std::vector<double> shares;
  for (const double value : values) {
    const auto [first, last] = std::equal_range(others.begin(), others.end(), value);
    const auto twice = (first - others.begin()) + (last - others.begin());
    shares.push_back(static_cast<double>(twice) / (2.0 * static_cast<double>(others.size())));
  }
  return shares;
}

// Variance of the mean of placements. One alone tells nothing: the most that a value in [0,1] of
// that mean can have.
double variance_of_mean(const std::vector<double>& placements) {
  const double share = placements.front();
  if (placements.size() == 1) return share * (1.0 - share);
  const auto n = static_cast<double>(placements.size());
  const double error = mean_of(at::tensor(placements, at::kDouble)).standard_error;
  if (error > 0.0) return error * error;
  // No spread is no certainty: as of a share with half a success and half a failure more
  // (Jeffreys).
  const double smoothed = (share * n + 0.5) / (n + 1.0);
  return smoothed * (1.0 - smoothed) / n;
}

// Σ(t³−t) over groups of t equal values.
double tie_sum(const std::vector<double>& a, const std::vector<double>& b) {
  std::vector<double> all = a;
  all.insert(all.end(), b.begin(), b.end());
  std::sort(all.begin(), all.end());
  double sum = 0.0;
  for (auto first = all.begin(); first != all.end();) {
    const auto last = std::upper_bound(first, all.end(), *first);
    const auto t = static_cast<double>(last - first);
    sum += t * t * t - t;
    first = last;
  }
  return sum;
}

// Distance from each query to its nearest point.
std::vector<double> nearest_distances(const at::Tensor& queries, const at::Tensor& points) {
  std::vector<double> distances;
  run_serial([&] {
    const auto origin = points.mean(0);
    const auto q = queries - origin;
    const auto p = points - origin;
    const auto half_squares = p.square().sum(1) / 2.0;
    for (std::int64_t i = 0; i < q.size(0); i += kTile) {
      const auto end = std::min(i + kTile, q.size(0));
      auto best = at::full({end - i}, std::numeric_limits<double>::infinity(), q.options());
      auto nearest = at::zeros({end - i}, q.options().dtype(at::kLong));
      for (std::int64_t j = 0; j < p.size(0); j += kTile) {
        const auto right = p.slice(0, j, std::min(j + kTile, p.size(0)));
        // ‖p‖²/2 − q·p orders points as ‖q−p‖² does.
        const auto [least, place] = at::addmm(half_squares.slice(0, j, j + right.size(0)),
                                              q.slice(0, i, end), right.t(), 1.0, -1.0)
                                        .min(1);
        nearest = at::where(least < best, place + j, nearest);
        best = at::minimum(best, least);
      }
      const auto exact =
          (queries.slice(0, i, end) - points.index_select(0, nearest)).norm(2, {1}).contiguous();
      const auto* first = exact.const_data_ptr<double>();
      distances.insert(distances.end(), first, first + exact.size(0));
    }
  });
  return distances;
}

at::Tensor rows_in(const at::Tensor& rows, const at::Tensor& cells, std::int64_t cell) {
  return rows.index_select(0, cells.eq(cell).nonzero().squeeze(1));
}

at::Tensor other_features(const MetricInputs& inputs, const FeaturePair& features) {
  auto held_out = checked_rows(inputs.features.held_out, {"ct", "held-out"});
  if (held_out.size(1) == features.reference.size(1)) return held_out;
  throw Error(
      fmt::format("ct: the held-out features have {} columns, the reference {}; both must "
                  "come from one extractor",
                  held_out.size(1), features.reference.size(1)));
}

}  // namespace

Mean z_scored_u(std::vector<double> generated, std::vector<double> held_out) {
  TORCH_CHECK(!generated.empty() && !held_out.empty(), "z_scored_u: ", generated.size(), " and ",
              held_out.size(), " values");
  std::sort(generated.begin(), generated.end());
  std::sort(held_out.begin(), held_out.end());
  const auto m = static_cast<double>(generated.size());
  const auto n = static_cast<double>(held_out.size());
  const double all = m + n;
  const double ties = tie_sum(generated, held_out) / (all * (all - 1.0));
  const double deviation = std::sqrt(m * n / 12.0 * std::max(all + 1.0 - ties, 0.0));
  if (deviation == 0.0) return {0.0, 0.0};
  const auto of_generated = placements(generated, held_out);
  const auto of_held_out = placements(held_out, generated);
  double u = 0.0;
  for (const double share : of_generated) u += share * n;
  const double error = std::sqrt(variance_of_mean(of_generated) + variance_of_mean(of_held_out));
  return {(u - m * n / 2.0) / deviation, m * n * error / deviation};
}

Mean data_copying(const CopyingSamples& samples, const CopyingOptions& options) {
  const auto centres = kmeans_centres(samples.train, options.cells, options.seed);
  const auto of_generated = nearest_centre(samples.generated, centres);
  const auto of_held_out = nearest_centre(samples.held_out, centres);
  const auto of_train = nearest_centre(samples.train, centres);
  double weight = 0.0;
  double sum = 0.0;
  double variance = 0.0;
  for (std::int64_t cell = 0; cell < options.cells; ++cell) {
    const auto train = rows_in(samples.train, of_train, cell);
    const auto generated = rows_in(samples.generated, of_generated, cell);
    const auto held_out = rows_in(samples.held_out, of_held_out, cell);
    const bool enough = generated.size(0) > options.min_generated;
    if (!enough || held_out.size(0) == 0 || train.size(0) == 0) continue;
    const Mean z =
        z_scored_u(nearest_distances(generated, train), nearest_distances(held_out, train));
    const auto rows = static_cast<double>(held_out.size(0));
    weight += rows;
    sum += rows * z.value;
    variance += rows * rows * z.standard_error * z.standard_error;
  }
  if (weight == 0.0) {
    throw Error(fmt::format(
        "ct: no cell of {} holds held-out rows and more than {} of the {} generated rows; draw "
        "more samples or set ct.cells or ct.min_generated lower",
        options.cells, options.min_generated, samples.generated.size(0)));
  }
  return {sum / weight, std::sqrt(variance) / weight};
}

MetricValue compute_ct(const MetricInputs& inputs) {
  const auto features = checked_features(inputs, "ct");
  const auto held_out = other_features(inputs, features);
  CopyingOptions options;
  options.cells = whole_option(inputs, "ct.cells");
  options.min_generated = whole_option(inputs, "ct.min_generated");
  options.seed = static_cast<std::uint64_t>(whole_option(inputs, "ct.seed"));
  if (options.cells > features.reference.size(0)) {
    throw Error(fmt::format("ct: {} cells of {} reference rows; set ct.cells lower", options.cells,
                            features.reference.size(0)));
  }
  const Mean score = data_copying({features.generated, held_out, features.reference}, options);
  return scored(inputs, score,
                {.metric = "ct",
                 .estimator = "z-scored U in k-means cells, ties corrected, f64",
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0),
                 .settings = {{"cells", std::to_string(options.cells)},
                              {"min_generated", std::to_string(options.min_generated)},
                              {"seed", std::to_string(options.seed)},
                              {"n_held_out", std::to_string(held_out.size(0))}}});
}

}  // namespace assay
