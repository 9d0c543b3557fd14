// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace assay {

/// Weights that others publish and that assay does not distribute. Nothing is downloaded while the
/// program runs: the user puts the file in its place.
struct PublishedWeights {
  std::string_view extractor;  ///< inception-v3
  std::string_view url;        ///< a .pth is converted (ci/convert_weights.py)
  std::string_view file;       ///< name in <cache>/weights/
  std::int64_t bytes = 0;      ///< of what is published; 0: not known here
  std::string_view sha256;     ///< likewise; empty: then the file's own goes into the protocol
  std::string_view licence;
  std::string_view remark;  ///< what else to do, or empty
};

/// The complete list: efficientnet-lite0, inception-v3, dinov2-vits14, dinov2-vitb14, clip-vit-b32.
const std::vector<PublishedWeights>& published_weights();

/// Throws Error with the near miss; "inception" is taken for inception-v3.
const PublishedWeights& published_weights_of(std::string_view extractor);

/// <cache>/weights/FILE.
std::filesystem::path place_of(const PublishedWeights& weights);

/// The end of an error about a missing file: which command tells where to get it.
std::string how_to_get(const PublishedWeights& weights);

}  // namespace assay
