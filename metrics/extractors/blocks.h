// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <string_view>

#include "metrics/extractors/extractor.h"
#include "nn/files/safetensors.h"

namespace assay {

/// Throws Error naming the extractor unless images are [N,C,H,W] u8 with C = 1 or 3 and N ≥ 1.
void check_images(const at::Tensor& images, std::string_view extractor);

/// Applies `network` to blocks of exactly `block_size` images and joins the rows. The last block is
/// filled up with zeros and cut: every call computes the same shapes, so a row does not depend on
/// how many other images there are.
Features extract_in_blocks(const at::Tensor& images, std::int64_t block_size,
                           const std::function<Features(const at::Tensor&)>& network,
                           const std::function<void(std::int64_t)>& progress);

/// Throw Error naming the extractor if the user asks for what it does not take.
void refuse_resize(const ExtractorOptions& options, std::string_view extractor);
void refuse_weights(const ExtractorOptions& options, std::string_view extractor);

struct Weights {
  TensorMap tensors;
  std::string sha256;  ///< of the file, or of the one that ci/convert_weights.py made it from
};

/// A safetensors file whose SHA-256, or that of the file it was converted from, must be `sha256`
/// (any if that is empty). Throws Error naming the file and `how_to_get` if it is absent or
/// another; one of torch.save is refused with the line that converts it.
Weights load_weights(const std::filesystem::path& file, std::string_view sha256,
                     std::string_view how_to_get);

}  // namespace assay
