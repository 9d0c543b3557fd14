// SPDX-License-Identifier: Apache-2.0
#include "harness/nearest_images.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <tuple>

#include "data/png.h"
#include "harness/blocks.h"
#include "harness/pictures.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kShown = 8, kNeighbours = 3;
constexpr int64_t kBlock = 1024;

}  // namespace

at::Tensor nearest_rows(const at::Tensor& a, const at::Tensor& b, int64_t count) {
  TORCH_CHECK(count > 0 && b.size(0) >= count, "nearest_rows: ", count, " rows of ", b.size(0));
  const auto wanted = a.flatten(1).to(at::kDouble);
  const int64_t step = rows_at_a_time(kBlock, b.sizes().slice(1));
  // Nearest so far, in front of the next block: a stable sort leaves the first of equals in front.
  at::Tensor distances, rows;
  for (int64_t begin = 0; begin < b.size(0); begin += step) {
    const int64_t end = std::min(b.size(0), begin + step);
    const auto block = b.slice(0, begin, end).flatten(1).to(at::kDouble);
    auto next = block.square().sum(1).unsqueeze(0) - 2.0 * wanted.mm(block.t());
    auto next_rows = at::arange(begin, end, at::kLong).expand({a.size(0), end - begin});
    if (distances.defined()) {
      next = at::cat({distances, next}, 1);
      next_rows = at::cat({rows, next_rows}, 1);
    }
    const auto order = std::get<1>(next.sort(/*stable=*/true, 1, /*descending=*/false))
                           .slice(1, 0, std::min(count, next.size(1)));
    distances = next.gather(1, order);
    rows = next_rows.gather(1, order);
  }
  return rows;
}

std::optional<Artifact> nearest_picture(const at::Tensor& samples, const at::Tensor& training) {
  if (!samples.defined() || samples.size(0) == 0 || training.size(0) < kNeighbours) {
    return std::nullopt;
  }
  const auto shown = samples.narrow(0, 0, std::min(kShown, samples.size(0)));
  const auto rows = nearest_rows(shown, training, kNeighbours);
  // Row by row of the picture: the samples, then the nearest of each, and so on.
  const auto neighbours = training.index_select(0, rows.t().flatten());
  const auto picture = image_grid(at::cat({shown, neighbours}), shown.size(0));
  return picture_artifact("nearest", picture);
}

}  // namespace assay
