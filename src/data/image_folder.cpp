// SPDX-License-Identifier: Apache-2.0
#include "data/image_folder.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
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

bool is_image_name(const fs::path& file) {
  auto ending = file.extension().string();
  std::transform(ending.begin(), ending.end(), ending.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return ending == ".png" || ending == ".jpg" || ending == ".jpeg";
}

bool is_hidden(const fs::path& file) { return file.filename().string().starts_with('.'); }

// A link may point anywhere inside the folder, nowhere else: what is read is what was named.
void refuse_escape(const fs::path& root, const fs::path& file) {
  std::error_code problem;
  const auto target = fs::canonical(file, problem);
  if (problem) {
    throw Error(fmt::format("{}: a link to nothing; take it out of the folder", file.string()));
  }
  const auto [end, rest] = std::mismatch(root.begin(), root.end(), target.begin(), target.end());
  if (end != root.end()) {
    throw Error(fmt::format("{}: links to {}, which is outside {}; copy the file into the folder",
                            file.string(), target.string(), root.string()));
  }
}

std::vector<fs::directory_entry> visible_entries(const fs::path& folder) {
  std::vector<fs::directory_entry> entries;
  std::error_code problem;
  for (const auto& entry : fs::directory_iterator(folder, problem)) {
    if (!is_hidden(entry.path())) entries.push_back(entry);
  }
  if (problem) {
    throw Error(fmt::format("{}: cannot be read as a folder of images: {}", folder.string(),
                            problem.message()));
  }
  return entries;
}

std::vector<std::string> images_directly_in(const fs::path& root, const fs::path& folder) {
  std::vector<std::string> names;
  for (const auto& entry : visible_entries(folder)) {
    if (!is_image_name(entry.path()) || entry.is_directory()) continue;
    refuse_escape(root, entry.path());
    if (!entry.is_regular_file()) {
      throw Error(
          fmt::format("{}: is no regular file; take it out of the folder", entry.path().string()));
    }
    names.push_back(entry.path().filename().string());
  }
  return names;
}

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
  if (listing.classes.empty()) return {};
  std::vector<std::int64_t> labels;
  for (const auto& name : listing.names) {
    const auto folder = name.substr(0, name.find('/'));
    const auto place = std::lower_bound(listing.classes.begin(), listing.classes.end(), folder);
    labels.push_back(place - listing.classes.begin());
  }
  return at::tensor(labels, at::kLong);
}

}  // namespace

ImageListing list_images(const fs::path& folder) {
  std::error_code problem;
  const auto root = fs::canonical(folder, problem);
  if (problem || !fs::is_directory(root, problem)) {
    throw Error(fmt::format("{}: no such folder", folder.string()));
  }
  ImageListing listing;
  listing.names = images_directly_in(root, folder);
  const bool flat = !listing.names.empty();
  for (const auto& entry : visible_entries(folder)) {
    if (!entry.is_directory()) continue;
    refuse_escape(root, entry.path());
    const auto class_name = entry.path().filename().string();
    const auto inside = images_directly_in(root, entry.path());
    if (inside.empty()) continue;
    listing.classes.push_back(class_name);
    for (const auto& name : inside) listing.names.push_back(class_name + "/" + name);
  }
  if (flat && !listing.classes.empty()) {
    throw Error(
        fmt::format("{}: images lie in the folder and in its sub-folder {}; either all or "
                    "none may lie in sub-folders (which are the classes)",
                    folder.string(), listing.classes.front()));
  }
  if (listing.names.empty()) {
    throw Error(fmt::format("{}: holds no .png, .jpg or .jpeg file, nor do its sub-folders",
                            folder.string()));
  }
  std::sort(listing.names.begin(), listing.names.end());
  std::sort(listing.classes.begin(), listing.classes.end());
  return listing;
}

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
    refuse_mixture(folder, result.listing.names, channels, "convert them to one of the two");
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
  const auto all = read_image_folder(request.path, request.size, request.channels);
  Dataset dataset;
  dataset.name = "image_folder";
  dataset.classes = static_cast<std::int64_t>(all.listing.classes.size());
  const auto rows = split_by_name(all.listing.names, request.path);
  std::tie(dataset.train, dataset.test) = apply_split(all.images, all.labels, rows);
  return dataset;
}

}  // namespace assay
