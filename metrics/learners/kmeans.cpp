// SPDX-License-Identifier: Apache-2.0
#include "metrics/learners/kmeans.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "core/random.h"
#include "kernels/product/squared_distances.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr int kStarts = 10;
constexpr int kMostRounds = 300;

// Each next centre is a row drawn with probability ∝ its squared distance from those before.
at::Tensor start(const at::Tensor& rows, std::int64_t k, RandomStream& random) {
  const auto n = rows.size(0);
  auto centres = at::empty({k, rows.size(1)}, rows.options());
  auto pick = static_cast<std::int64_t>(random.below(static_cast<std::uint64_t>(n)));
  at::Tensor nearest;
  for (std::int64_t c = 0; c < k; ++c) {
    centres[c].copy_(rows[pick]);
    const auto squared = (rows - rows[pick]).square().sum(1);
    nearest = nearest.defined() ? at::minimum(nearest, squared) : squared;
    const auto upper = nearest.cumsum(0);
    const double drawn = random.uniform() * upper[-1].item<double>();
    pick = std::min((upper <= drawn).sum().item<std::int64_t>(), n - 1);
  }
  return centres;
}

struct Clustering {
  at::Tensor centres;
  double inertia = std::numeric_limits<double>::infinity();
};

Clustering lloyd(const at::Tensor& rows, at::Tensor centres) {
  at::Tensor labels;
  Clustering result;
  for (int round = 0; round < kMostRounds; ++round) {
    const auto [squared, nearest] = squared_distances_by_products(rows, centres).min(1);
    result.inertia = squared.sum().item<double>();
    if (labels.defined() && at::equal(labels, nearest)) break;
    labels = nearest;
    const auto counts = at::bincount(labels, {}, centres.size(0)).to(at::kDouble).unsqueeze(1);
    const auto sums = at::zeros_like(centres).index_add_(0, labels, rows);
    centres = at::where(counts > 0.0, sums / counts.clamp_min(1.0), centres);
  }
  result.centres = centres;
  return result;
}

}  // namespace

at::Tensor kmeans_centres(const at::Tensor& rows, std::int64_t k, std::uint64_t seed) {
  TORCH_CHECK(rows.dim() == 2 && k >= 1 && k <= rows.size(0), "kmeans_centres: ", k, " of rows ",
              rows.sizes());
  Clustering best;
  run_serial([&] {
    const auto origin = rows.mean(0);
    const auto shifted = rows - origin;
    RandomStream random(seed);
    for (int i = 0; i < kStarts; ++i) {
      const Clustering found = lloyd(shifted, start(shifted, k, random));
      if (found.inertia < best.inertia) best = found;
    }
    best.centres = best.centres + origin;
  });
  return best.centres;
}

at::Tensor nearest_centre(const at::Tensor& rows, const at::Tensor& centres) {
  TORCH_CHECK(rows.dim() == 2 && centres.dim() == 2 && rows.size(1) == centres.size(1),
              "nearest_centre: rows ", rows.sizes(), ", centres ", centres.sizes());
  at::Tensor nearest;
  run_serial([&] {
    const auto origin = centres.mean(0);
    nearest = squared_distances_by_products(rows - origin, centres - origin).argmin(1);
  });
  return nearest;
}

}  // namespace assay
