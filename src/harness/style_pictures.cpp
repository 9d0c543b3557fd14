// SPDX-License-Identifier: Apache-2.0
#include "harness/style_pictures.h"

#include <ATen/ATen.h>

#include <algorithm>

#include "data/png.h"
#include "families/styled.h"
#include "harness/blocks.h"
#include "harness/pictures.h"

namespace assay {
namespace {

using std::int64_t;

constexpr int64_t kSourcesA = 3, kSourcesB = 6, kColumns = 1 + kSourcesB;
constexpr int64_t kGroup = 4;

// Rows of w [3 (1 + 6), L, W]: each A as it is, and with the layers of each B.
at::Tensor mixed_rows(const at::Tensor& a, const at::Tensor& b, const StyleLayers& layers) {
  auto rows = a.unsqueeze(1).repeat({1, kColumns, 1, 1});
  const auto taken = b.slice(1, layers.first, layers.last);
  rows.slice(1, 1).slice(2, layers.first, layers.last).copy_(taken.expand({kSourcesA, -1, -1, -1}));
  return rows.flatten(0, 1);
}

at::Tensor images_of(StyledModel& model, const at::Tensor& w) {
  std::vector<at::Tensor> images;
  // Images of any size: a few at a time.
  for (int64_t i = 0; i < w.size(0); i += kColumns) {
    images.push_back(to_pixels(model.images_of_styles(w.narrow(0, i, kColumns))).to(at::kCPU));
  }
  return at::cat(images);
}

}  // namespace

std::vector<StyleLayers> style_layer_groups(int64_t layers) {
  const int64_t coarse = std::min(kGroup, layers / 2), middle = std::min(2 * kGroup, layers);
  std::vector<StyleLayers> groups = {{0, coarse}, {coarse, middle}};
  if (middle < layers) groups.push_back({middle, layers});
  return groups;
}

std::optional<Artifact> style_mixing_picture(GenerativeModel& model,
                                             const at::Generator& generator) {
  auto* styled = dynamic_cast<StyledModel*>(&model);
  if (styled == nullptr) return std::nullopt;
  constexpr int64_t kSources = kSourcesA + kSourcesB;
  const auto labels = model.sample_labels(kSources).value_or(at::Tensor());
  const auto z = model.draw_latents(kSources, labels, generator.clone());
  const auto w = z ? styled->styles_of(*z, labels) : std::nullopt;
  if (!w) return std::nullopt;
  const auto a = w->slice(0, 0, kSourcesA), b = w->slice(0, kSourcesA);
  std::vector<at::Tensor> rows = {at::cat({a.slice(0, 0, 1), b})};
  for (const StyleLayers& layers : style_layer_groups(w->size(1))) {
    rows.push_back(mixed_rows(a, b, layers));
  }
  auto images = images_of(*styled, at::cat(rows));
  images[0].fill_(255);  // the corner above the sources A and beside the sources B
  return picture_artifact("style_mixing", image_grid(images, kColumns));
}

}  // namespace assay
