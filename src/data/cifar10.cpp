// SPDX-License-Identifier: Apache-2.0
#include "data/cifar10.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <cstring>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "data/resize.h"
#include "data/set_files.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::int64_t kClasses = 10;
constexpr std::int64_t kImageBytes = 3 * 32 * 32;
constexpr std::int64_t kRecordBytes = 1 + kImageBytes;
constexpr std::size_t kMaxFileBytes = std::size_t{100'000} * kRecordBytes;
constexpr std::string_view kTestFile = "test_batch.bin";
constexpr std::string_view kOwnFolder = "cifar-10-batches-bin";

DataSplit read_files(const std::filesystem::path& folder, const std::vector<std::string>& names,
                     const DatasetRequest& request) {
  const SetFiles files{"CIFAR-10, binary version", std::string(kCifar10HowToGet)};
  std::vector<at::Tensor> images;
  std::vector<at::Tensor> labels;
  for (const auto& name : names) {
    const DataSplit part = read_cifar10_file(require_file(files, folder / name));
    images.push_back(conform(part.images, request.size, request.channels));
    labels.push_back(part.labels);
  }
  return make_split(at::cat(images), at::cat(labels));
}

}  // namespace

DataSplit read_cifar10_file(const std::filesystem::path& file) {
  std::string content = read_file(file, kMaxFileBytes);
  const auto bytes = static_cast<std::int64_t>(content.size());
  if (bytes == 0 || bytes % kRecordBytes != 0) {
    throw Error(
        fmt::format("{}: {} bytes are no whole number of {}-byte records; the file was cut "
                    "short or is not CIFAR-10's binary version; {}",
                    file.string(), bytes, kRecordBytes, kCifar10HowToGet));
  }
  const auto records =
      at::from_blob(content.data(), {bytes / kRecordBytes, kRecordBytes}, at::kByte);
  const auto labels = records.select(1, 0).to(at::kLong);
  const auto worst = labels.max().item<std::int64_t>();
  if (worst >= kClasses) {
    throw Error(fmt::format("{}: holds the label {}, CIFAR-10 has 0 to 9; {}", file.string(), worst,
                            kCifar10HowToGet));
  }
  return {records.slice(1, 1).reshape({-1, 3, 32, 32}).clone(), labels, ""};
}

std::vector<std::string> cifar10_files(const std::filesystem::path&) {
  std::vector<std::string> names;
  for (int i = 1; i <= 5; ++i) names.push_back(fmt::format("data_batch_{}.bin", i));
  names.emplace_back(kTestFile);
  return names;
}

std::optional<std::filesystem::path> locate_cifar10(const DatasetRequest& request) {
  std::error_code problem;
  for (const auto& folder : candidate_folders(request, kOwnFolder)) {
    if (std::filesystem::exists(folder / kTestFile, problem)) return folder;
  }
  return std::nullopt;
}

Dataset load_cifar10(const DatasetRequest& request) {
  const auto candidates = candidate_folders(request, kOwnFolder);
  if (candidates.empty()) {
    throw Error(fmt::format("cifar10: no folder was named; {}", kCifar10HowToGet));
  }
  const auto folder = locate_cifar10(request).value_or(candidates.back());
  Dataset dataset;
  dataset.name = "cifar10";
  dataset.classes = kClasses;
  std::vector<std::string> train_files = cifar10_files(folder);
  train_files.pop_back();
  dataset.train = read_files(folder, train_files, request);
  dataset.test = read_files(folder, {std::string(kTestFile)}, request);
  return dataset;
}

}  // namespace assay
