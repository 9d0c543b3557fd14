// SPDX-License-Identifier: Apache-2.0
#include "metrics/features/feature_cache.h"

#include <ATen/ATen.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "nn/files/safetensors.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

// Raised when the same weights and images would give other features.
constexpr std::string_view kVersion = "1";

std::string key_text(const std::string& images_digest, const Protocol& extractor) {
  std::string text = "features " + std::string(kVersion) + "\nimages " + images_digest + "\n";
  for (const auto& [name, value] : extractor) text += name + " " + value + "\n";
  return text;
}

std::string digest_of(const TensorMap& tensors) {
  Sha256 digest;
  for (const auto& [name, tensor] : tensors) {
    digest.update(name + c10::str(tensor.scalar_type(), tensor.sizes()));
    digest.update(
        std::string_view(static_cast<const char*>(tensor.const_data_ptr()), tensor.nbytes()));
  }
  return digest.hex();
}

at::Tensor tensor_of(const TensorMap& tensors, const std::string& name) {
  const auto found = tensors.find(name);
  return found == tensors.end() ? at::Tensor() : found->second;
}

}  // namespace

FeatureCache::FeatureCache(fs::path folder, std::uintmax_t most_bytes)
    : folder_(std::move(folder)), most_bytes_(most_bytes) {}

std::optional<Features> FeatureCache::find(const std::string& images_digest,
                                           const Protocol& extractor) const {
  const auto key = key_text(images_digest, extractor);
  const auto file = folder_ / (sha256_hex(key) + ".safetensors");
  std::error_code problem;
  if (!fs::is_regular_file(file, problem)) return std::nullopt;
  try {
    const auto content = load_safetensors(file);
    const auto& said = content.metadata;
    const bool sound = said.contains("key") && said.at("key") == key && said.contains("digest") &&
                       said.at("digest") == digest_of(content.tensors) &&
                       content.tensors.contains("features");
    if (sound) {
      fs::last_write_time(file, fs::file_time_type::clock::now(), problem);
      return Features{tensor_of(content.tensors, "features"), tensor_of(content.tensors, "logits"),
                      tensor_of(content.tensors, "spatial")};
    }
  } catch (const Error&) {
    // Damaged: computed again, below.
  }
  fs::remove(file, problem);
  return std::nullopt;
}

void FeatureCache::keep(const std::string& images_digest, const Protocol& extractor,
                        const Features& features) const {
  TensorMap tensors;
  for (const auto& [name, tensor] :
       {std::pair{"features", features.features}, std::pair{"logits", features.logits},
        std::pair{"spatial", features.spatial}}) {
    if (tensor.defined()) tensors[name] = tensor.contiguous();
  }
  std::uintmax_t bytes = 0;
  for (const auto& [name, tensor] : tensors) bytes += tensor.nbytes();
  if (bytes > most_bytes_) return;
  std::error_code problem;
  fs::create_directories(folder_, problem);
  make_room(bytes);
  const auto key = key_text(images_digest, extractor);
  save_safetensors(folder_ / (sha256_hex(key) + ".safetensors"), tensors,
                   {{"key", key}, {"digest", digest_of(tensors)}});
}

void FeatureCache::make_room(std::uintmax_t for_bytes) const {
  std::vector<std::pair<fs::file_time_type, fs::directory_entry>> files;
  std::uintmax_t total = for_bytes;
  std::error_code problem, gone;
  for (auto at = fs::directory_iterator(folder_, problem);
       !problem && at != fs::directory_iterator(); at.increment(problem)) {
    const fs::directory_entry& entry = *at;
    if (entry.path().extension() != ".safetensors") continue;
    files.emplace_back(entry.last_write_time(gone), entry);
    total += entry.file_size(gone);
  }
  std::sort(files.begin(), files.end(), [](auto& a, auto& b) { return a.first < b.first; });
  for (const auto& [time, entry] : files) {
    if (total <= most_bytes_) return;
    total -= entry.file_size(problem);
    fs::remove(entry.path(), problem);
  }
}

}  // namespace assay
