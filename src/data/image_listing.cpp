// SPDX-License-Identifier: Apache-2.0
#include "data/image_listing.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <set>
#include <span>
#include <string_view>
#include <system_error>

#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"
#include "data/class_names.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kRead{".png", ".jpg", ".jpeg"};
constexpr std::array<std::string_view, 26> kOtherFormats{
    ".apng", ".avif", ".bmp", ".dcm",  ".dng", ".exr", ".gif",  ".hdr", ".heic",
    ".heif", ".ico",  ".j2k", ".jfif", ".jpe", ".jp2", ".jxl",  ".pbm", ".pgm",
    ".pnm",  ".ppm",  ".psd", ".svg",  ".tga", ".tif", ".tiff", ".webp"};

bool is_among(std::span<const std::string_view> endings, const std::string& ending) {
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

bool is_hidden(const fs::path& file) { return file.filename().string().starts_with('.'); }

bool lies_in(const fs::path& path, const fs::path& folder) {
  return std::mismatch(folder.begin(), folder.end(), path.begin(), path.end()).first ==
         folder.end();
}

// Collects what lies below one folder.
class Walk {
 public:
  explicit Walk(const fs::path& folder) : folder_(folder) {
    std::error_code problem;
    root_ = fs::canonical(folder, problem);
    if (problem || !is_folder(root_)) {
      throw Error(fmt::format("{}: no such folder", folder.string()));
    }
    visit(folder, root_, "");
  }

  ImageListing listing;

 private:
  // `real` is where the folder lies, links resolved; `prefix` its name from the root, with a '/'.
  void visit(const fs::path& folder, const fs::path& real, const std::string& prefix) {
    above_.insert(real);
    for (const auto& path : entries_of(folder)) {
      if (is_hidden(path)) {
        ++listing.hidden;
        continue;
      }
      const auto name = prefix + path.filename().string();
      if (is_folder(path)) {
        const auto before = listing.names.size();
        visit(path, target_of(path, true), name + "/");
        const bool empty = listing.names.size() == before;
        if (prefix.empty() && empty) listing.empty_folders.push_back(name);
      } else {
        add(path, name);
      }
    }
    above_.erase(real);
  }

  void add(const fs::path& path, const std::string& name) {
    const auto ending = ending_of(path);
    if (is_among(kOtherFormats, ending)) {
      listing.other_formats[ending].push_back(name);
    } else if (!is_among(kRead, ending)) {
      ++listing.other_files;
    } else {
      target_of(path, false);
      if (!is_file(path)) {
        throw Error(
            fmt::format("{}: is no regular file; take it out of the folder", path.string()));
      }
      listing.names.push_back(name);
    }
  }

  // A link may point anywhere inside the folder, nowhere else: what is read is what was named. Nor
  // may it point at a folder that holds it, which would be read without end.
  fs::path target_of(const fs::path& path, bool folder) const {
    std::error_code problem;
    auto target = fs::canonical(path, problem);
    if (problem) {
      throw Error(fmt::format("{}: a link to nothing; take it out of the folder", path.string()));
    }
    if (folder && above_.contains(target)) {
      throw Error(fmt::format("{}: links back to {}, which holds it; take it out of the folder",
                              path.string(), target.string()));
    }
    if (!lies_in(target, root_)) {
      throw Error(fmt::format("{}: links to {}, which is outside {}; copy it into the folder",
                              path.string(), target.string(), root_.string()));
    }
    return target;
  }

  fs::path folder_, root_;
  std::set<fs::path> above_;
};

// Sub-folders are classes: either all images lie in one, or none does.
void find_classes(ImageListing& listing, const fs::path& folder) {
  std::set<std::string> classes;
  bool flat = false;
  for (const auto& name : listing.names) {
    const auto slash = name.find('/');
    flat = flat || slash == std::string::npos;
    if (slash != std::string::npos) classes.insert(name.substr(0, slash));
  }
  if (classes.empty()) return;
  if (flat) {
    throw Error(
        fmt::format("{}: images lie in the folder and in its sub-folder {}; either all or "
                    "none may lie in sub-folders (which are the classes)",
                    folder.string(), *classes.begin()));
  }
  listing.classes = in_class_order({classes.begin(), classes.end()});
  std::map<std::string, std::int64_t> place;
  for (const auto& name : listing.classes) {
    place.emplace(name, static_cast<std::int64_t>(place.size()));
  }
  for (const auto& name : listing.names) {
    listing.labels.push_back(place.at(name.substr(0, name.find('/'))));
  }
}

void refuse_other_formats(const ImageListing& listing, const fs::path& folder) {
  if (listing.other_formats.empty()) return;
  std::size_t count = 0;
  std::vector<std::string> parts;
  for (const auto& [ending, names] : listing.other_formats) {
    count += names.size();
    parts.push_back(fmt::format("{} {} as {}", names.size(), ending, names.front()));
  }
  throw Error(
      fmt::format("{}: {} of its {} pictures are in formats that are not read ({}): PNG "
                  "and JPEG are; convert them (`mogrify -format png`) or take them out",
                  folder.string(), count, count + listing.names.size(), fmt::join(parts, ", ")));
}

}  // namespace

ImageListing find_images(const fs::path& folder) {
  ImageListing listing = Walk(folder).listing;
  std::sort(listing.names.begin(), listing.names.end());
  find_classes(listing, folder);
  return listing;
}

std::vector<std::string> passed_over(const ImageListing& listing) {
  std::vector<std::string> phrases;
  const std::size_t empty = listing.empty_folders.size();
  if (empty > 0) {
    const auto* meaning = listing.classes.empty() ? ""
                          : empty == 1            ? ", which is no class"
                                                  : ", which are no classes";
    phrases.push_back(
        fmt::format("no picture lies in {}{}", some_of(listing.empty_folders), meaning));
  }
  if (listing.other_files > 0) {
    phrases.push_back(fmt::format("{} {} passed over", listing.other_files,
                                  listing.other_files == 1 ? "file that is no picture was"
                                                           : "files that are no pictures were"));
  }
  if (listing.hidden > 0) {
    phrases.push_back(fmt::format(
        "{} passed over", listing.hidden == 1
                              ? "1 hidden file or folder was"
                              : fmt::format("{} hidden files or folders were", listing.hidden)));
  }
  return phrases;
}

ImageListing list_images(const fs::path& folder) {
  ImageListing listing = find_images(folder);
  refuse_other_formats(listing, folder);
  if (listing.names.empty()) {
    throw Error(fmt::format("{}: holds no .png, .jpg or .jpeg file, nor do its sub-folders",
                            folder.string()));
  }
  return listing;
}

}  // namespace assay
