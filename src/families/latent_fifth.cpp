// SPDX-License-Identifier: Apache-2.0
#include "families/latent_fifth.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <torch/utils.h>

#include <limits>
#include <vector>

#include "core/error.h"
#include "core/random.h"
#include "families/sampling.h"

namespace assay {
namespace {

using std::int64_t;

constexpr const char* kPath = "sampler.latent_fifth";
constexpr int64_t kFifths = 5, kBorderLatents = 5000, kAtOnce = 1024;
// One in five is kept on average: a thousandth of that means that the norms do not spread.
constexpr int64_t kMostPerKept = 5000;

at::Tensor radii_of(const at::Tensor& z) { return z.to(at::kDouble).flatten(1).norm(2, {1}); }

struct Borders {
  double from, to;  // from <= radius < to
};

Borders borders_of(int64_t fifth, const DrawLatents& draw) {
  const auto generator = generator_of_sample(stream_seed(0, kPath));
  const auto sorted = std::get<0>(radii_of(draw(kBorderLatents, generator)).sort());
  const auto at_rank = [&](int64_t border) {
    return sorted[border * kBorderLatents / kFifths].item<double>();
  };
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  return {fifth == 1 ? 0.0 : at_rank(fifth - 1), fifth == kFifths ? kInfinity : at_rank(fifth)};
}

}  // namespace

Key latent_fifth_key() {
  return {.path = kPath,
          .default_value = int64_t{0},
          .meaning =
              "samples come from this fifth of latents by distance from the origin, 1 the "
              "nearest, 5 the farthest; 0: from all",
          .minimum = 0,
          .maximum = kFifths};
}

torch::Tensor draw_in_fifth(int64_t fifth, int64_t count, const torch::Generator& generator,
                            const DrawLatents& draw) {
  if (fifth == 0) return draw(count, generator);
  const torch::NoGradGuard no_grad;
  const Borders borders = borders_of(fifth, draw);
  std::vector<at::Tensor> kept;
  int64_t found = 0;
  for (int64_t drawn = 0; found < count; drawn += kAtOnce) {
    if (drawn > kMostPerKept * (found + 1)) {
      throw Error(fmt::format(
          "{} = {}: of {} latents {} lie there, so their norms hardly differ; set it to 0", kPath,
          fifth, drawn, found));
    }
    const auto z = draw(kAtOnce, generator);
    const auto radii = radii_of(z);
    const auto inside = radii.ge(borders.from).logical_and(radii.lt(borders.to)).nonzero();
    kept.push_back(z.index_select(0, inside.flatten()));
    found += kept.back().size(0);
  }
  return at::cat(kept).narrow(0, 0, count);
}

}  // namespace assay
