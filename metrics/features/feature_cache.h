// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "core/events.h"
#include "metrics/extractors/extractor.h"

namespace assay {

/// Features of reference sets, kept so that a later evaluation need not compute them again. A file
/// is named by the SHA-256 of what its features depend on: the digest of the images and the whole
/// protocol of the extractor (weights' digest, resize rule, …), plus the version of this program's
/// features. It holds that text and the digest of its tensors, and both must agree before it is
/// used: a stale, foreign or damaged file never is.
class FeatureCache {
 public:
  /// Above `most_bytes` the files used least recently go.
  explicit FeatureCache(std::filesystem::path folder, std::uintmax_t most_bytes);

  std::optional<Features> find(const std::string& images_digest, const Protocol& extractor) const;
  /// Throws Error if the file cannot be written.
  void keep(const std::string& images_digest, const Protocol& extractor,
            const Features& features) const;

 private:
  void make_room(std::uintmax_t for_bytes) const;

  std::filesystem::path folder_;
  std::uintmax_t most_bytes_;
};

}  // namespace assay
