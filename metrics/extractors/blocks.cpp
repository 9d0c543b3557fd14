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
  const bool fits = images.defined() && images.dim() == 4 && images.scalar_type() == at::kByte &&
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
  for (std::int64_t begin = 0; begin < images.size(0); begin += block_size) {
    const c10::InferenceMode no_gradients;
    const auto rows = std::min(block_size, images.size(0) - begin);
    const auto block = network(padded_block(images, begin, block_size));
    features.push_back(block.features.slice(0, 0, rows));
    if (block.logits.defined()) logits.push_back(block.logits.slice(0, 0, rows));
    if (progress) progress(begin + rows);
  }
  // Outside of inference mode: what callers get are ordinary tensors.
  return {at::cat(features), logits.empty() ? at::Tensor() : at::cat(logits)};
}

TensorMap load_weights(const std::filesystem::path& file, std::string_view sha256,
                       std::string_view how_to_get) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) {
    throw Error(fmt::format("{}: no such weights; {}", file.string(), how_to_get));
  }
  const std::string bytes = read_file(file);
  const std::string digest = sha256_hex(bytes);
  if (digest != sha256) {
    throw Error(fmt::format("{}: SHA-256 {} instead of {}: these are other weights; {}",
                            file.string(), digest, sha256, how_to_get));
  }
  return from_safetensors(bytes, file.string()).tensors;
}

}  // namespace assay
