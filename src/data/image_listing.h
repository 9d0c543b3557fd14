// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace assay {

/// PNG and JPEG files of a folder, or of its sub-folders. As in torchvision's ImageFolder, each
/// sub-folder is a class, of all that lies below it however deep.
struct ImageListing {
  std::vector<std::string> names;  ///< relative to the folder, sorted bytewise, "class/file.png"
  /// In the order of their labels (in_class_order); empty if the images lie in the folder itself
  std::vector<std::string> classes;
  std::vector<std::int64_t> labels;  ///< of each name, its class' place; empty without classes
  /// Pictures that nothing here decodes, by the ending of their names: ".webp"
  std::map<std::string, std::vector<std::string>> other_formats;
  std::int64_t other_files = 0;  ///< no pictures
  std::int64_t hidden = 0;       ///< files and folders whose names begin with a dot
  /// Sub-folders that no picture lies in or below, by name; they are no classes.
  std::vector<std::string> empty_folders;
};

/// What a folder holds (.png .jpg .jpeg in any case; hidden files are passed over). Throws Error
/// naming the place if some images lie in the folder and some in sub-folders, or for a link that
/// leads outside, to nothing, or back to a folder above it.
ImageListing find_images(const std::filesystem::path& folder);

/// The same. Also throws Error if there are no images, or pictures of other formats among them,
/// which would be left out.
ImageListing list_images(const std::filesystem::path& folder);

/// What of a folder was not read, a phrase each: sub-folders without a picture, by name, files that
/// are none, and hidden ones.
std::vector<std::string> passed_over(const ImageListing& listing);

}  // namespace assay
