// SPDX-License-Identifier: Apache-2.0
#include "data/npz_dataset.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include "core/error.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

std::optional<at::Tensor> find(const NpzFile& file, const std::vector<std::string>& names) {
  for (const auto& name : names) {
    if (file.contains(name)) return file.read(name);
  }
  return std::nullopt;
}

// Three axes are grey pictures without their last one, unless they may as well be one picture
// without its first.
at::Tensor with_channels(const at::Tensor& array, const std::string& label) {
  if (array.dim() != 3) return array;
  if (array.size(2) <= 4 || array.size(0) == 3 || array.size(0) == 4) {
    throw Error(fmt::format(
        "{}: its images are {}, which may be one picture or {} grey ones; give all four axes, "
        "[N,H,W,C] (numpy: images[None] of one picture, images[..., None] of grey ones)",
        label, c10::str(array.sizes()), array.size(0)));
  }
  return array.unsqueeze(3);
}

// [N,H,W,C] to [N,C,H,W] in the memory of the array itself, which nobody else holds: a second copy
// of 50,000 pictures of 256² would be 10 GB.
at::Tensor channels_first(const at::Tensor& array) {
  constexpr std::int64_t kBlockBytes = 1 << 22;
  const auto count = array.size(0), height = array.size(1), width = array.size(2),
             channels = array.size(3);
  const auto at_once = std::max<std::int64_t>(1, kBlockBytes / (height * width * channels));
  if (channels > 1) {
    for (std::int64_t first = 0; first < count; first += at_once) {
      const auto block = array.slice(0, first, std::min(first + at_once, count));
      const auto moved = block.permute({0, 3, 1, 2}).contiguous();
      block.view(moved.sizes()).copy_(moved);
    }
  }
  return array.view({count, channels, height, width});
}

// Takes the array for its own.
at::Tensor checked_images(const at::Tensor& array, const std::string& label) {
  const bool bytes = array.scalar_type() == at::kByte && array.numel() > 0;
  const auto images = bytes ? with_channels(array, label) : array;
  if (!bytes || images.dim() != 4 || (images.size(3) != 1 && images.size(3) != 3)) {
    throw Error(fmt::format("{}: its images are {} {}; uint8 [N,H,W,C] with C = 1 or 3 is needed",
                            label, c10::toString(array.scalar_type()), c10::str(array.sizes())));
  }
  return channels_first(images);
}

at::Tensor checked_labels(const std::optional<at::Tensor>& array, std::int64_t rows,
                          const std::string& label) {
  if (!array) return {};
  const bool whole = at::isIntegralType(array->scalar_type(), /*includeBool=*/true);
  if (!whole || array->dim() != 1 || array->size(0) != rows) {
    throw Error(fmt::format("{}: its labels are {} {}; int64 [{}], one per image, is needed", label,
                            c10::toString(array->scalar_type()), c10::str(array->sizes()), rows));
  }
  const auto labels = array->to(at::kLong);
  if (labels.min().item<std::int64_t>() < 0) {
    throw Error(fmt::format("{}: holds a negative label; classes count from 0", label));
  }
  return labels;
}

// Of a model that is told the class, which has an input for each.
std::int64_t class_count(const at::Tensor& labels, const at::Tensor& test_labels,
                         const std::string& label) {
  constexpr std::int64_t kMost = 100'000;
  std::int64_t classes = 0;
  for (const auto& some : {labels, test_labels}) {
    if (some.defined()) classes = std::max(classes, some.max().item<std::int64_t>() + 1);
  }
  if (classes > kMost) {
    throw Error(fmt::format(
        "{}: holds the label {}; classes count from 0, and at most {} are trained on (number them "
        "anew: numpy.unique(labels, return_inverse=True)[1])",
        label, classes - 1, kMost));
  }
  return classes;
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

std::optional<at::Tensor> npz_images(const NpzFile& file) {
  const auto array = find(file, {"images", "arr_0"});
  if (!array) return std::nullopt;
  return checked_images(*array, file.label());
}

at::Tensor to_npz_images(const at::Tensor& images) {
  return images.permute({0, 2, 3, 1}).contiguous();
}

std::optional<at::Tensor> npz_rows(const NpzFile& file, const std::string& name) {
  const auto array = find(file, {name});
  if (!array) return std::nullopt;
  if (!array->is_floating_point() || array->dim() != 2 || array->numel() == 0) {
    throw Error(fmt::format("{}: its {} are {} {}; float [N,D] is needed", file.label(), name,
                            c10::toString(array->scalar_type()), c10::str(array->sizes())));
  }
  return array;
}

at::Tensor npz_labels(const NpzFile& file, std::int64_t rows) {
  std::vector<std::string> names = {"labels", "y"};
  if (!file.contains("images") && file.contains("arr_0")) names.emplace_back("arr_1");
  return checked_labels(find(file, names), rows, file.label());
}

std::vector<std::string> npz_class_names(const NpzFile& file, const at::Tensor& labels) {
  if (!file.contains("class_names")) return {};
  auto names = file.read_texts("class_names");
  const auto last = labels.max().item<std::int64_t>();
  std::set<std::string> known;
  for (const auto& name : names) {
    if (known.insert(name).second) continue;
    throw Error(
        fmt::format("{}: its class_names hold '{:.80}' twice; give each class a name of its own",
                    file.label(), name));
  }
  if (last >= static_cast<std::int64_t>(names.size())) {
    throw Error(fmt::format("{}: holds {} class_names and the label {}; give one for each class",
                            file.label(), names.size(), last));
  }
  return names;
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
  const NpzFile file(request.path);
  auto images = npz_images(file);
  if (!images) {
    throw Error(
        fmt::format("{}: holds no array 'images' (or 'arr_0'); name it so in numpy.savez", label));
  }
  const auto labels = npz_labels(file, images->size(0));
  auto fitted = conform(*images, request.size, request.channels);
  images.reset();
  Dataset dataset;
  dataset.name = "npz";
  if (const auto test = find(file, {"test_images"})) {
    const auto test_images = checked_images(*test, label);
    const auto test_labels =
        checked_labels(find(file, {"test_labels"}), test_images.size(0), label);
    dataset.train = make_split(fitted, labels);
    dataset.test = make_split(conform(test_images, request.size, request.channels), test_labels);
    check_both_labelled(dataset, label);
    dataset.classes = class_count(labels, test_labels, label);
    dataset.passed_over = file.passed_over();
    return dataset;
  }
  dataset.classes = class_count(labels, {}, label);
  std::vector<std::string> names;
  for (std::int64_t i = 0; i < fitted.size(0); ++i) names.push_back(std::to_string(i));
  std::tie(dataset.train, dataset.test) =
      apply_split(std::move(fitted), labels, split_by_name(names, label));
  dataset.passed_over = file.passed_over();
  return dataset;
}

}  // namespace assay
