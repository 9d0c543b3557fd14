// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string_view>

#include "data/dataset.h"

namespace assay {

inline constexpr std::string_view kCifar10HowToGet =
    "get cifar-10-binary.tar.gz from www.cs.toronto.edu/~kriz/cifar.html, unpack it and name the "
    "folder in dataset.path or ASSAY_DATA";

/// One file of CIFAR-10's binary version (Krizhevsky 2009): records of 3073 bytes, a label in 0…9
/// and 3×32×32 u8. Returns images [N,3,32,32] u8 and labels [N] i64. Throws Error naming the file
/// if its length is no multiple of 3073 or a label is over nine.
DataSplit read_cifar10_file(const std::filesystem::path& file);

/// data_batch_1.bin … data_batch_5.bin and test_batch.bin of request.path, else of ASSAY_DATA (or
/// its cifar-10-batches-bin/).
Dataset load_cifar10(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_cifar10(const DatasetRequest& request);
/// The names of the six, the test split's last.
std::vector<std::string> cifar10_files(const std::filesystem::path& folder);

}  // namespace assay
