// SPDX-License-Identifier: Apache-2.0
#include "data/image_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>

#include "core/error.h"
#include "core/file.h"
#include "data/jpeg.h"
#include "data/png.h"
#include "data/resize.h"
#include "data/split.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxFileBytes = std::size_t{256} << 20;
constexpr std::int64_t kMaxTotalBytes = std::int64_t{32} << 30;

std::string shape_text(const at::Tensor& image) {
  return fmt::format("{}x{}, {} channel{}", image.size(2), image.size(1), image.size(0),
                     image.size(0) == 1 ? "" : "s");
}

// The shape most images have; everything else is odd.
[[noreturn]] void refuse_mixture(const fs::path& folder, const std::vector<std::string>& names,
                                 const std::vector<std::string>& shapes, std::string_view remedy) {
  std::map<std::string, std::size_t> counts;
  for (const auto& shape : shapes) ++counts[shape];
  const auto common = std::max_element(counts.begin(), counts.end(), [](auto& a, auto& b) {
                        return a.second < b.second;
                      })->first;
  constexpr std::size_t kNamed = 5;
  std::vector<std::string> odd;
  std::size_t odd_count = 0;
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (shapes[i] == common) continue;
    if (++odd_count <= kNamed) odd.push_back(fmt::format("{} ({})", names[i], shapes[i]));
  }
  throw Error(fmt::format("{}: images differ: most are {}, but {} {} not: {}{}; {}",
                          folder.string(), common, odd_count, odd_count == 1 ? "is" : "are",
                          fmt::join(odd, ", "), odd_count > kNamed ? ", …" : "", remedy));
}

at::Tensor labels_of(const ImageListing& listing) {
  return listing.classes.empty() ? at::Tensor() : at::tensor(listing.labels, at::kLong);
}

}  // namespace

at::Tensor read_image(const fs::path& file) {
  const std::string content = read_file(file, kMaxFileBytes);
  constexpr std::string_view kPngSignature = "\x89PNG";
  return content.starts_with(kPngSignature) ? decode_png(content, file.string())
                                            : decode_jpeg(content, file.string());
}

FolderGroups read_image_groups(const fs::path& folder) {
  FolderGroups result{list_images(folder), {}, {}};
  std::vector<std::string> channels;
  std::map<std::string, std::size_t> place;
  std::vector<std::vector<at::Tensor>> images;
  std::vector<std::vector<std::int64_t>> rows;
  std::int64_t total_bytes = 0;
  for (const auto& name : result.listing.names) {
    const auto image = read_image(folder / name);
    total_bytes += image.numel();
    if (total_bytes > kMaxTotalBytes) {
      throw Error(fmt::format("{}: its images need more than {} bytes of memory", folder.string(),
                              kMaxTotalBytes));
    }
    const auto shape = shape_text(image);
    channels.push_back(image.size(0) == 1 ? "grey" : "coloured");
    const auto [group, is_new] = place.try_emplace(shape, images.size());
    if (is_new) {
      images.emplace_back();
      rows.emplace_back();
    }
    images[group->second].push_back(image);
    rows[group->second].push_back(static_cast<std::int64_t>(channels.size()) - 1);
  }
  if (std::adjacent_find(channels.begin(), channels.end(), std::not_equal_to<>()) !=
      channels.end()) {
    refuse_mixture(folder, result.listing.names, channels,
                   "convert them to one of the two (ImageMagick: `mogrify -type TrueColor` or "
                   "`-colorspace Gray`), or put each kind in a folder of its own");
  }
  for (std::size_t i = 0; i < images.size(); ++i) {
    result.groups.push_back({at::stack(images[i]), at::tensor(rows[i], at::kLong)});
  }
  result.labels = labels_of(result.listing);
  return result;
}

FolderImages read_image_folder(const fs::path& folder, std::int64_t size, std::int64_t channels,
                               std::string_view remedy) {
  FolderImages result{list_images(folder), {}, {}};
  const auto& names = result.listing.names;
  std::vector<std::string> shapes;
  std::int64_t total_bytes = 0;
  bool mixed = false;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const auto image =
        conform(read_image(folder / names[i]).unsqueeze(0), size, channels).squeeze(0);
    shapes.push_back(shape_text(image));
    mixed = mixed || shapes.back() != shapes.front();
    if (mixed) continue;  // Goes on only to name the odd ones.
    if (i == 0) {
      total_bytes = image.numel() * static_cast<std::int64_t>(names.size());
      if (total_bytes > kMaxTotalBytes) {
        throw Error(fmt::format("{}: {} images of {} need {} bytes of memory; set dataset.size",
                                folder.string(), names.size(), shapes[0], total_bytes));
      }
      result.images = at::empty(
          {static_cast<std::int64_t>(names.size()), image.size(0), image.size(1), image.size(2)},
          at::kByte);
    }
    result.images[static_cast<std::int64_t>(i)].copy_(image);
  }
  if (mixed) refuse_mixture(folder, names, shapes, remedy);
  result.labels = labels_of(result.listing);
  return result;
}

std::optional<fs::path> locate_image_folder(const DatasetRequest& request) {
  std::error_code problem;
  if (request.path.empty() || !fs::is_directory(request.path, problem)) return std::nullopt;
  return request.path;
}

Dataset load_image_folder(const DatasetRequest& request) {
  if (request.path.empty()) {
    throw Error("image_folder: no folder was named; set dataset.path to one that holds images");
  }
  auto all = read_image_folder(request.path, request.size, request.channels);
  Dataset dataset;
  dataset.name = "image_folder";
  dataset.classes = static_cast<std::int64_t>(all.listing.classes.size());
  const auto rows = split_by_name(all.listing.names, request.path);
  std::tie(dataset.train, dataset.test) = apply_split(std::move(all.images), all.labels, rows);
  dataset.passed_over = passed_over(all.listing);
  return dataset;
}

}  // namespace assay
