// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <filesystem>
#include <optional>
#include <string_view>

#include "data/dataset.h"

namespace assay {

/// One of the four files of Fashion-MNIST (Xiao et al. 2017) and the SHA-256 of its .gz form.
struct FashionMnistFile {
  std::string_view name;
  std::string_view sha256;
};

/// train images, train labels, test images, test labels.
extern const std::array<FashionMnistFile, 4> kFashionMnistFiles;

/// 60,000 + 10,000 grey images of 28×28 in ten classes from request.path, else the folder
/// ASSAY_DATA (or its fashion-mnist/), else the Debian package's /usr/share/datasets/fashion-mnist.
/// Throws Error naming an absent or altered file and how to get it.
Dataset load_fashion_mnist(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_fashion_mnist(const DatasetRequest& request);

}  // namespace assay
