// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <memory>
#include <string_view>

#include "metrics/extractors/extractor.h"

namespace assay {

/// SHA-256 of metrics/extractors/weights/fmnist-cnn.safetensors: change both together, and only
/// with a new name for the extractor if scores already refer to it.
constexpr std::string_view kFmnistCnnSha256 =
    "486f94d505856d52fccfbb90bf0db3f1f5053520947ce98c78487fb2cc1a253b";

/// The classifier FmnistCnn (nn/blocks/fmnist_cnn.h) trained by assay on Fashion-MNIST: 128
/// features and 10 logits of grey 28×28 images. Throws Error for other weights than `sha256`, or a
/// tensor that is missing, left over or of another shape.
std::unique_ptr<Extractor> load_fmnist_cnn(const std::filesystem::path& weights,
                                           std::string_view sha256);

/// The committed weights. Throws Error if another file or a resize is asked for.
std::unique_ptr<Extractor> make_fmnist_cnn(const ExtractorOptions& options);

}  // namespace assay
