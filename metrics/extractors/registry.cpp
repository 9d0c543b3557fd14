// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/near_miss.h"
#include "metrics/extractors/efficientnet_lite0.h"
#include "metrics/extractors/extractor.h"
#include "metrics/extractors/fmnist_cnn.h"
#include "metrics/extractors/inception_v3.h"
#include "metrics/extractors/pixels.h"
#include "metrics/extractors/vision_transformers.h"
#include "nn/blocks/initialise.h"

namespace assay {

const std::vector<ExtractorSource>& extractors() {
  static const std::vector<ExtractorSource> kExtractors{
      {"pixels", "the pixels themselves, u8/255", make_pixels},
      {"efficientnet-lite0", "EfficientNet-Lite0 trained on ImageNet: 1280 features, 1000 classes",
       make_efficientnet_lite0, /*brings_weights=*/true, /*gives_logits=*/true},
      {"inception-v3",
       "the Inception-v3 of FID (2015-12-05): 2048 features, 1008 classes, 2023 spatial features",
       make_inception_v3, /*brings_weights=*/false, /*gives_logits=*/true, /*gives_spatial=*/true},
      {"dinov2-vits14", "DINOv2 ViT-S/14: 384 features", make_dinov2_vits14,
       /*brings_weights=*/false},
      {"dinov2-vitb14", "DINOv2 ViT-B/14: 768 features", make_dinov2_vitb14,
       /*brings_weights=*/false},
      {"clip-vit-b32", "the image tower of OpenAI's CLIP ViT-B/32: 512 features", make_clip_vit_b32,
       /*brings_weights=*/false},
      {"fmnist-cnn",
       "a small classifier trained on Fashion-MNIST by assay: 128 features, 10 classes",
       make_fmnist_cnn,
       /*brings_weights=*/true,
       /*gives_logits=*/true,
       /*gives_spatial=*/false,
       {1, 28, 28},
       // Their authors write "T-shirt/top", which no folder can be called.
       {"T-shirt_top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
        "Ankle boot"}}};
  return kExtractors;
}

std::string classes_misfit(const ExtractorSource& extractor, std::span<const std::string> names) {
  if (std::ranges::equal(names, extractor.classes)) return "";
  bool numbers = true;
  for (std::size_t i = 0; i < names.size(); ++i) numbers = numbers && names[i] == std::to_string(i);
  if (numbers) return "";
  const std::string known =
      extractor.classes.empty() ? "" : fmt::format(" ({})", fmt::join(extractor.classes, ", "));
  return fmt::format(
      "compares classes with those of '{}'{}, and yours are called otherwise, or stand in another "
      "order: {}; number your folders as its classes are, from 0, or drop it",
      extractor.name, known, fmt::join(names.first(std::min<std::size_t>(names.size(), 10)), ", "));
}

const ExtractorSource& extractor_source(std::string_view name) {
  const auto& known = extractors();
  const auto found = std::find_if(known.begin(), known.end(),
                                  [&](const auto& candidate) { return candidate.name == name; });
  if (found != known.end()) return *found;
  std::vector<std::string> names;
  for (const auto& candidate : known) names.emplace_back(candidate.name);
  throw Error(
      fmt::format("unknown extractor '{:.100}'{}", name, suggestion(name, names, "extractors")));
}

std::unique_ptr<Extractor> make_extractor(std::string_view name, const ExtractorOptions& options) {
  const KeptConstructionGenerator kept;
  return extractor_source(name).make(options);
}

}  // namespace assay
