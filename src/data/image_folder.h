// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <vector>

#include "data/dataset.h"
#include "data/image_listing.h"

namespace assay {

/// Decodes one PNG or JPEG file, by its content, to [C,H,W] u8, turned upright as its EXIF
/// orientation says.
at::Tensor read_image(const std::filesystem::path& file);

/// All images of a folder: names as listed, images [N,C,H,W] u8, labels [N] i64 or undefined.
struct FolderImages {
  ImageListing listing;
  at::Tensor images, labels;
};

/// Reads a folder. size > 0: each is resized and cropped (resize_and_crop); 0: all must be equally
/// large. channels 1 or 3: converted; 0: all must have as many. Throws Error naming the odd ones
/// and the remedy.
FolderImages read_image_folder(
    const std::filesystem::path& folder, std::int64_t size, std::int64_t channels,
    std::string_view remedy = "set dataset.size and dataset.channels to bring all to one shape");

/// Images of one size, and which of the folder's they are.
struct ImageGroup {
  at::Tensor images;  ///< [N,C,H,W] u8
  at::Tensor rows;    ///< [N] i64
};
/// A folder of images of any sizes, by size, in the order of each one's first image. Throws Error
/// naming the odd ones if some are grey and some coloured.
struct FolderGroups {
  ImageListing listing;
  std::vector<ImageGroup> groups;
  at::Tensor labels;
};
FolderGroups read_image_groups(const std::filesystem::path& folder);

/// read_image_folder, split 90/10 by the SHA-256 of each image's name.
Dataset load_image_folder(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_image_folder(const DatasetRequest& request);

}  // namespace assay
