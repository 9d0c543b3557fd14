// SPDX-License-Identifier: Apache-2.0
#include "metrics/extractors/blocks.h"

#include <ATen/ATen.h>
#include <c10/core/InferenceMode.h>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "core/file.h"
#include "nn/files/torch_file.h"

namespace assay {
namespace {

at::Tensor padded_block(const at::Tensor& images, std::int64_t begin, std::int64_t block_size) {
  const auto block = images.slice(0, begin, std::min(begin + block_size, images.size(0)));
  if (block.size(0) == block_size) return block;
  auto sizes = images.sizes().vec();
  sizes[0] = block_size - block.size(0);
  return at::cat({block, at::zeros(sizes, images.options())});
}

}  // namespace

void check_images(const at::Tensor& images, std::string_view extractor) {
  const bool fits = images.defined() && images.dim() == 4 &&
                    (images.scalar_type() == at::kByte || images.scalar_type() == at::kFloat) &&
                    (images.size(1) == 1 || images.size(1) == 3) && images.numel() > 0;
  if (fits) return;
  throw Error(
      fmt::format("{}: needs at least one 8-bit image, [N,C,H,W] with one or three channels, "
                  "not {}",
                  extractor, images.defined() ? c10::str(images.sizes()) : "nothing"));
}

Features extract_in_blocks(const at::Tensor& images, std::int64_t block_size,
                           const std::function<Features(const at::Tensor&)>& network,
                           const std::function<void(std::int64_t)>& progress) {
  std::vector<at::Tensor> features;
  std::vector<at::Tensor> logits;
  std::vector<at::Tensor> spatial;
  for (std::int64_t begin = 0; begin < images.size(0); begin += block_size) {
    const c10::InferenceMode no_gradients;
    const auto rows = std::min(block_size, images.size(0) - begin);
    const auto block = network(padded_block(images, begin, block_size));
    features.push_back(block.features.slice(0, 0, rows));
    if (block.logits.defined()) logits.push_back(block.logits.slice(0, 0, rows));
    if (block.spatial.defined()) spatial.push_back(block.spatial.slice(0, 0, rows));
    if (progress) progress(begin + rows);
  }
  // Outside of inference mode: what callers get are ordinary tensors.
  const auto joined = [](const std::vector<at::Tensor>& blocks) {
    return blocks.empty() ? at::Tensor() : at::cat(blocks);
  };
  return {joined(features), joined(logits), joined(spatial)};
}

void refuse_resize(const ExtractorOptions& options, std::string_view extractor) {
  if (!options.resize) return;
  throw Error(
      fmt::format("{}: takes images as they are, so no resize rule; leave it out", extractor));
}

void refuse_weights(const ExtractorOptions& options, std::string_view extractor) {
  if (options.weights.empty()) return;
  throw Error(fmt::format("{}: takes no weights file of yours; leave {} out", extractor,
                          options.weights.string()));
}

Weights load_weights(const std::filesystem::path& file, std::string_view sha256,
                     std::string_view how_to_get) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) {
    throw Error(fmt::format("{}: no such weights; {}", file.string(), how_to_get));
  }
  const std::string bytes = read_file(file);
  std::string digest = sha256_hex(bytes);
  if (!sha256.empty() && digest != sha256) {
    throw Error(fmt::format("{}: SHA-256 {} instead of {}: these are other weights; {}",
                            file.string(), digest, sha256, how_to_get));
  }
  auto tensors = is_torch_file(bytes) ? from_torch_file(bytes, file.string())
                                      : from_safetensors(bytes, file.string()).tensors;
  return {std::move(tensors), std::move(digest)};
}

}  // namespace assay
