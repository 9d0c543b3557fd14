// SPDX-License-Identifier: Apache-2.0
#include "harness/token_swaps.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "data/batch_stream.h"
#include "data/png.h"
#include "harness/pictures.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kRows = 6, kSwaps = 9;

// The same rows with another value of one token, the `which`-th of `count` from what they say.
at::Tensor swapped(const at::Tensor& values, int64_t token, int64_t size, int64_t which,
                   int64_t count) {
  // Rises with `which` from 1 at least to size − 1 at most, as count is below size.
  const auto by = which * size / (count + 1);
  auto other = values.clone();
  other.select(1, token).add_(by).remainder_(size);
  return other;
}

}  // namespace

std::optional<Artifact> token_swaps_picture(TokenModel& model, const torch::Generator& generator) {
  const auto sizes = model.token_sizes();
  if (sizes.empty()) return std::nullopt;
  const auto asked = model.sample_tokens(kRows);
  std::vector<at::Tensor> columns = {model.sample_of_tokens(asked, generator.clone())};
  if (columns.front().dim() != 4) return std::nullopt;
  const auto each = std::max<int64_t>(1, kSwaps / static_cast<int64_t>(sizes.size()));
  for (std::size_t token = 0; token < sizes.size(); ++token) {
    const auto count = std::min(each, sizes[token] - 1);
    for (int64_t which = 1; which <= count; ++which) {
      const auto values = swapped(asked, static_cast<int64_t>(token), sizes[token], which, count);
      columns.push_back(model.sample_of_tokens(values, generator.clone()));
    }
  }
  const auto images = to_pixels(at::stack(columns, 1).flatten(0, 1));
  return picture_artifact("token_swaps", image_grid(images, static_cast<int64_t>(columns.size())));
}

}  // namespace assay
