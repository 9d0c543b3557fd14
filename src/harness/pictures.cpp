// SPDX-License-Identifier: Apache-2.0
#include "harness/pictures.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "data/png.h"

namespace assay {
namespace {

constexpr std::int64_t kPictureSize = 256;

std::int64_t columns_for(std::int64_t count) {
  return std::max<std::int64_t>(
      1, static_cast<std::int64_t>(std::ceil(std::sqrt(static_cast<double>(count)))));
}

// Pairs in one picture: a row of originals above a row of reconstructions, several times.
at::Tensor interleave(const at::Tensor& originals, const at::Tensor& reconstructions,
                      std::int64_t columns) {
  std::vector<at::Tensor> rows;
  for (std::int64_t i = 0; i + columns <= originals.size(0); i += columns) {
    rows.push_back(originals.narrow(0, i, columns));
    rows.push_back(reconstructions.narrow(0, i, columns));
  }
  return at::cat(rows);
}

}  // namespace

Artifact picture_artifact(const std::string& kind, const at::Tensor& picture) {
  return {kind, 0, "image/png", encode_png(picture)};
}

std::optional<Artifact> samples_picture(const at::Tensor& examples, const Dataset& dataset) {
  if (!examples.defined()) return std::nullopt;
  if (!dataset.is_points())
    return picture_artifact("samples", image_grid(examples, columns_for(examples.size(0))));
  const at::Tensor centres = dataset.modes ? dataset.modes->centres : at::Tensor();
  return picture_artifact("samples", scatter_picture(examples, centres, kPictureSize));
}

std::optional<Artifact> reconstructions_picture(const at::Tensor& originals,
                                                const at::Tensor& reconstructions,
                                                std::int64_t grid) {
  const std::int64_t columns = columns_for(grid);
  const std::int64_t shown = std::min(originals.size(0), columns * (columns / 2));
  if (shown < columns) return std::nullopt;
  const at::Tensor pairs =
      interleave(originals.narrow(0, 0, shown), reconstructions.narrow(0, 0, shown), columns);
  return picture_artifact("reconstructions", image_grid(pairs, columns));
}

}  // namespace assay
