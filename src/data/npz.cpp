// SPDX-License-Identifier: Apache-2.0
#include "data/npz.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "data/npy.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{8} << 30;
constexpr std::string_view kEnding = ".npy";

std::optional<at::Tensor> find(const NpzArrays& arrays, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    const auto found = arrays.find(name);
    if (found != arrays.end()) return found->second;
  }
  return std::nullopt;
}

at::Tensor checked_images(const at::Tensor& array, const std::string& label) {
  const bool grey_without_axis = array.dim() == 3;
  const auto images = grey_without_axis ? array.unsqueeze(3) : array;
  if (images.scalar_type() != at::kByte || images.dim() != 4 ||
      (images.size(3) != 1 && images.size(3) != 3) || images.numel() == 0) {
    throw Error(fmt::format("{}: its images are {} {}; uint8 [N,H,W,C] with C = 1 or 3 is needed",
                            label, c10::toString(array.scalar_type()), c10::str(array.sizes())));
  }
  return images.permute({0, 3, 1, 2}).contiguous();
}

at::Tensor checked_labels(const std::optional<at::Tensor>& array, std::int64_t rows,
                          const std::string& label) {
  if (!array) return {};
  const bool integer = array->scalar_type() == at::kLong || array->scalar_type() == at::kByte;
  if (!integer || array->dim() != 1 || array->size(0) != rows) {
    throw Error(fmt::format("{}: its labels are {} {}; int64 [{}], one per image, is needed", label,
                            c10::toString(array->scalar_type()), c10::str(array->sizes()), rows));
  }
  const auto labels = array->to(at::kLong);
  if (labels.min().item<std::int64_t>() < 0) {
    throw Error(fmt::format("{}: holds a negative label; classes count from 0", label));
  }
  return labels;
}

std::int64_t class_count(const at::Tensor& labels) {
  return labels.defined() ? labels.max().item<std::int64_t>() + 1 : 0;
}

// Labels in the training split are a promise that the test split has them too.
void check_both_labelled(const Dataset& dataset, const std::string& label) {
  if (dataset.train.labels.defined() == dataset.test.labels.defined()) return;
  throw Error(
      fmt::format("{}: only one of its splits has labels; add labels and test_labels, or "
                  "neither",
                  label));
}

}  // namespace

NpzArrays from_npz(std::string_view bytes, const std::string& label) {
  const ZipReader zip(bytes, label);
  std::uint64_t total = 0;
  for (const auto& entry : zip.entries()) {
    total += entry.bytes;
    if (total > kMaxBytes) {
      throw Error(
          fmt::format("{}: its arrays need more than {} bytes; split it", label, kMaxBytes));
    }
  }
  NpzArrays arrays;
  for (const auto& entry : zip.entries()) {
    if (!entry.name.ends_with(kEnding)) {
      throw Error(
          fmt::format("{}: holds '{:.80}', which is no .npy array; write it again with "
                      "numpy.savez",
                      label, entry.name));
    }
    const auto name = entry.name.substr(0, entry.name.size() - kEnding.size());
    const auto where = fmt::format("{} ({:.80})", label, name);
    if (!arrays.emplace(name, from_npy(zip.read(entry), where)).second) {
      throw Error(fmt::format("{}: occurs twice; write it again with numpy.savez", where));
    }
  }
  return arrays;
}

NpzArrays read_npz(const std::filesystem::path& file) {
  return from_npz(read_file(file, kMaxBytes), file.string());
}

std::string to_npz(const NpzArrays& arrays, ZipMethod method) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [name, array] : arrays) {
    files.emplace_back(name + std::string(kEnding), to_npy(array));
  }
  return write_zip(files, method);
}

void write_npz(const std::filesystem::path& file, const NpzArrays& arrays, ZipMethod method) {
  write_file_atomically(file, to_npz(arrays, method));
}

std::optional<at::Tensor> npz_images(const NpzArrays& arrays, const std::string& label) {
  const auto array = find(arrays, {"images", "arr_0"});
  if (!array) return std::nullopt;
  return checked_images(*array, label);
}

at::Tensor to_npz_images(const at::Tensor& images) {
  return images.permute({0, 2, 3, 1}).contiguous();
}

std::optional<at::Tensor> npz_rows(const NpzArrays& arrays, const std::string& name,
                                   const std::string& label) {
  const auto array = find(arrays, {name});
  if (!array) return std::nullopt;
  if (!array->is_floating_point() || array->dim() != 2 || array->numel() == 0) {
    throw Error(fmt::format("{}: its {} are {} {}; float [N,D] is needed", label, name,
                            c10::toString(array->scalar_type()), c10::str(array->sizes())));
  }
  return array;
}

at::Tensor npz_labels(const NpzArrays& arrays, std::int64_t rows, const std::string& label) {
  std::vector<std::string> names = {"labels", "y"};
  if (!arrays.contains("images") && arrays.contains("arr_0")) names.emplace_back("arr_1");
  return checked_labels(find(arrays, names), rows, label);
}

std::optional<std::filesystem::path> locate_npz(const DatasetRequest& request) {
  std::error_code problem;
  if (!std::filesystem::is_regular_file(request.path, problem)) return std::nullopt;
  return request.path;
}

Dataset load_npz(const DatasetRequest& request) {
  if (request.path.empty()) {
    throw Error("npz: no file was named; set dataset.path to an .npz file");
  }
  const auto& label = request.path;
  const auto arrays = read_npz(request.path);
  const auto images = npz_images(arrays, label);
  if (!images) {
    throw Error(
        fmt::format("{}: holds no array 'images' (or 'arr_0'); name it so in numpy.savez", label));
  }
  const auto labels = npz_labels(arrays, images->size(0), label);
  const auto fitted = conform(*images, request.size, request.channels);
  Dataset dataset;
  dataset.name = "npz";
  dataset.classes = class_count(labels);
  if (const auto test = find(arrays, {"test_images"})) {
    const auto test_images = checked_images(*test, label);
    const auto test_labels =
        checked_labels(find(arrays, {"test_labels"}), test_images.size(0), label);
    dataset.train = make_split(fitted, labels);
    dataset.test = make_split(conform(test_images, request.size, request.channels), test_labels);
    check_both_labelled(dataset, label);
    return dataset;
  }
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < fitted.size(0); ++i) names.push_back(std::to_string(i));
  std::tie(dataset.train, dataset.test) = apply_split(fitted, labels, split_by_name(names, label));
  return dataset;
}

}  // namespace assay
