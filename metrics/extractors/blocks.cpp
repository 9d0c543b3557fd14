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
#include "core/shell_words.h"

namespace assay {
namespace {

at::Tensor padded_block(const at::Tensor& images, std::int64_t begin, std::int64_t block_size) {
  const auto block = images.slice(0, begin, std::min(begin + block_size, images.size(0)));
  if (block.size(0) == block_size) return block;
  auto sizes = images.sizes().vec();
  sizes[0] = block_size - block.size(0);
  return at::cat({block, at::zeros(sizes, images.options())});
}

// torch.save writes a zip, or pickles of protocol 2 that begin with a long integer. As the length
// of a safetensors header either would be too large.
void refuse_pickle(std::string_view bytes, const std::filesystem::path& file) {
  if (!bytes.starts_with("PK\x03\x04") && !bytes.starts_with("\x80\x02\x8a\x0a")) return;
  auto target = file;
  target.replace_extension(".safetensors");
  throw Error(
      fmt::format("{}: torch.save wrote it, as a pickle, which may hold code and is not read here; "
                  "run `ci/convert_weights.py {} {}` and give what that writes",
                  file.string(), shell_word(file.string()), shell_word(target.string())));
}

// What these weights are known by: the file that they were converted from, if they name one.
std::string known_by(const TensorFile& weights, std::string_view bytes, const std::string& label) {
  const auto source = weights.metadata.find("source_sha256");
  if (source == weights.metadata.end()) return sha256_hex(bytes);
  Sha256 digest;
  for (const auto& [name, tensor] : weights.tensors) {
    digest.update({static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()});
  }
  const auto tensors = weights.metadata.find("tensors_sha256");
  if (tensors == weights.metadata.end() || digest.hex() != tensors->second) {
    throw Error(fmt::format("{}: its tensors are not what ci/convert_weights.py wrote: the file is "
                            "damaged; convert the published one again",
                            label),
                ExitCode::kDamaged);
  }
  return source->second;
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
  refuse_pickle(bytes, file);
  auto weights = from_safetensors(bytes, file.string());
  std::string digest = known_by(weights, bytes, file.string());
  if (!sha256.empty() && digest != sha256) {
    throw Error(fmt::format("{}: SHA-256 {} instead of {}: these are other weights; {}",
                            file.string(), digest, sha256, how_to_get));
  }
  return {std::move(weights.tensors), std::move(digest)};
}

}  // namespace assay
