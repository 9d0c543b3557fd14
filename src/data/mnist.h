// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "data/dataset.h"

namespace assay {

/// One of the four IDX files of a set: SHA-256 of its .gz form and of what that holds.
struct MnistFile {
  std::string_view name;  ///< "train-images-idx3-ubyte"; ".gz" may follow, the last '-' be a '.'
  std::string_view gz_sha256, sha256;
};

/// A set of 60,000 + 10,000 grey images of 28×28 in ten classes, in the files of MNIST.
struct MnistSet {
  std::string_view name;           ///< of the data set
  std::string_view title;          ///< as in sentences
  std::string_view folder;         ///< its own folder below ASSAY_DATA
  std::string_view system_folder;  ///< where its Debian package puts it; empty: there is none
  std::string_view how_to_get;
  std::array<MnistFile, 4> files;  ///< train images, train labels, test images, test labels
};

extern const MnistSet kMnist;         ///< handwritten digits, LeCun et al. 1998
extern const MnistSet kFashionMnist;  ///< clothes, Xiao et al. 2017

/// A set from request.path, else the folder ASSAY_DATA (or the set's own below it), else its Debian
/// package's. Throws Error naming an absent or altered file and how to get it.
Dataset load_mnist(const DatasetRequest& request);
Dataset load_fashion_mnist(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_mnist(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_fashion_mnist(const DatasetRequest& request);

}  // namespace assay
