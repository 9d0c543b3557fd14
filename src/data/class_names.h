// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace assay {

/// What people call the classes of a data set, by label: those of Fashion-MNIST and CIFAR-10, and
/// the folders of an image_folder. Empty where classes are known by their numbers.
std::vector<std::string> class_names(const DatasetRequest& request);

/// The whole number that a class is named by ("7", "007"); nothing for other names.
std::optional<std::int64_t> class_number(std::string_view name);

/// Whether there are names and each is a whole number of its own, so that they count as numbers:
/// not for "1" and "01".
bool are_numbers(std::span<const std::string> names);

/// The first eight of these names, and how many more there are.
std::string some_of(std::span<const std::string> names);

/// Names in the order of their labels: numbers by their value (2 before 10), others bytewise.
std::vector<std::string> in_class_order(std::vector<std::string> names);

}  // namespace assay
