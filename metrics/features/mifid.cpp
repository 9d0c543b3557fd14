// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/mifid.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>

#include "metrics/directions.h"
#include "metrics/features/frechet.h"
#include "metrics/numerics/linalg.h"

namespace assay {
namespace {

constexpr std::int64_t kTile = 1024;

// For each row of the tile the reference row of largest |cosine|, the first of equals.
at::Tensor nearest_directions(const at::Tensor& tile, const at::Tensor& reference) {
  auto best = at::full({tile.size(0)}, -1.0, tile.options());
  auto nearest = at::zeros({tile.size(0)}, tile.options().dtype(at::kLong));
  for (std::int64_t j = 0; j < reference.size(0); j += kTile) {
    const auto end = std::min(j + kTile, reference.size(0));
    const auto [cosine, place] = tile.mm(reference.slice(0, j, end).t()).abs_().max(1);
    const auto better = cosine > best;
    best = at::where(better, cosine, best);
    nearest = at::where(better, place + j, nearest);
  }
  return nearest;
}

// 1 − |x·y| of unit rows as ½ min ‖x∓y‖², which keeps its digits near zero.
at::Tensor cosine_distances(const at::Tensor& x, const at::Tensor& y) {
  return at::minimum((x - y).square().sum(1), (x + y).square().sum(1)) / 2.0;
}

}  // namespace

Mean memorization_distance(const at::Tensor& generated, const at::Tensor& reference) {
  TORCH_CHECK(generated.dim() == 2 && reference.dim() == 2 &&
                  generated.size(1) == reference.size(1) && generated.size(0) >= 2,
              "memorization_distance: needs [N,D] and [M,D], not ", generated.sizes(), " and ",
              reference.sizes());
  const auto x = unit_rows(generated, {"mifid", "generated"});
  const auto y = unit_rows(reference, {"mifid", "reference"});
  at::Tensor distances = at::empty({x.size(0)}, x.options());
  run_serial([&] {
    for (std::int64_t i = 0; i < x.size(0); i += kTile) {
      const auto tile = x.slice(0, i, std::min(i + kTile, x.size(0)));
      const auto partners = y.index_select(0, nearest_directions(tile, y));
      distances.slice(0, i, i + tile.size(0)).copy_(cosine_distances(tile, partners));
    }
  });
  return mean_of(distances);
}

MetricValue compute_mifid(const MetricInputs& inputs) {
  constexpr double kGuard = 1e-14;
  constexpr double kNoDistance = 1e-8;
  const auto features = checked_features(inputs, "mifid");
  const double eps = option(inputs, "mifid.eps");
  const Mean memorization = memorization_distance(features.generated, features.reference);
  Mean score = frechet_distance(features.generated, features.reference);
  if (score.value <= kNoDistance) {
    score.value = 0.0;
  } else if (memorization.value < eps) {
    const double penalty = memorization.value + kGuard;
    const double relative =
        score.standard_error / score.value + memorization.standard_error / penalty;
    score.value /= penalty;
    score.standard_error = score.value * relative;
  }
  return scored(inputs, score,
                {.metric = "mifid",
                 .estimator = "mean over generated of nearest |cosine|, f64",
                 .n_generated = features.generated.size(0),
                 .n_real = features.reference.size(0),
                 .settings = {{"eps", fmt::format("{}", eps)}}});
}

}  // namespace assay
