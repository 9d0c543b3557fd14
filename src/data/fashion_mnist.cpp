// SPDX-License-Identifier: Apache-2.0
#include "data/fashion_mnist.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "data/idx.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::string_view kDebianFolder = "/usr/share/datasets/fashion-mnist";
constexpr std::string_view kHowToGet =
    "get it with `apt-get install dataset-fashion-mnist`, or name its folder in dataset.path or "
    "ASSAY_DATA";

std::vector<std::filesystem::path> candidate_folders(const DatasetRequest& request) {
  if (!request.path.empty()) return {request.path};
  std::vector<std::filesystem::path> folders;
  const char* data = std::getenv("ASSAY_DATA");
  if (data != nullptr && *data != '\0') {
    folders.emplace_back(data);
    folders.emplace_back(std::filesystem::path(data) / "fashion-mnist");
  }
  folders.emplace_back(kDebianFolder);
  return folders;
}

std::filesystem::path checked(const std::filesystem::path& folder, const FashionMnistFile& known) {
  const auto file = folder / known.name;
  std::error_code problem;
  if (!std::filesystem::is_regular_file(file, problem)) {
    throw Error(fmt::format("{}: no such file (Fashion-MNIST); {}", file.string(), kHowToGet));
  }
  const std::string digest = sha256_of_file(file);
  if (digest != known.sha256) {
    throw Error(fmt::format("{}: is not Fashion-MNIST's file: SHA-256 {} instead of {}; {}",
                            file.string(), digest, known.sha256, kHowToGet));
  }
  return file;
}

DataSplit load_split(const std::filesystem::path& folder, std::size_t first,
                     const DatasetRequest& request) {
  auto images = read_idx(checked(folder, kFashionMnistFiles[first]), IdxKind::kImages);
  const auto labels = read_idx(checked(folder, kFashionMnistFiles[first + 1]), IdxKind::kLabels);
  return make_split(conform(images, request.size, request.channels), labels);
}

}  // namespace

const std::array<FashionMnistFile, 4> kFashionMnistFiles{
    {{"train-images-idx3-ubyte.gz",
      "b0564c3eedabfbf835052cff8503ea422014ce006caf5b757f851416ee8300c7"},
     {"train-labels-idx1-ubyte.gz",
      "0ae29f65d86684f32d1b9c85147786c547b9c6aebcaf235f0400a0cce308b056"},
     {"t10k-images-idx3-ubyte.gz",
      "cc1d090a38ace84dfa1aa66e3ada7c336ef481a96936906477e6dd344da56eaa"},
     {"t10k-labels-idx1-ubyte.gz",
      "8d3605d196f4be44669e46906da9733c8131fef761fdbfec72c424d5222f1a05"}}};

std::optional<std::filesystem::path> locate_fashion_mnist(const DatasetRequest& request) {
  std::error_code problem;
  for (const auto& folder : candidate_folders(request)) {
    if (std::filesystem::exists(folder / kFashionMnistFiles[0].name, problem)) return folder;
  }
  return std::nullopt;
}

Dataset load_fashion_mnist(const DatasetRequest& request) {
  const auto folder = locate_fashion_mnist(request);
  Dataset dataset;
  dataset.name = "fashion_mnist";
  dataset.classes = 10;
  // Where nothing was found, the last place looked at is the one the message names.
  const auto where = folder.value_or(candidate_folders(request).back());
  dataset.train = load_split(where, 0, request);
  dataset.test = load_split(where, 2, request);
  return dataset;
}

}  // namespace assay
