// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "data/dataset.h"

namespace assay {

/// What a data set is, whatever it is called and wherever it lies: SHA-256 over the reader's name
/// and version and, of files whose content nothing else pins, over names below the folder and the
/// content of each; of generated sets over count, seed and what else was asked for. Both splits
/// come from these, so the same digest means the same examples. How images are brought to a size is
/// for the definition to say (dataset.size, dataset.channels, dataset.binarisation). Nothing if the
/// data are not there. Throws Error for a folder or file that cannot be read.
///
/// Content decides. What was read once is remembered in the cache folder by path, size, mtime,
/// ctime and inode, which saves reading it again and nothing else.
std::optional<std::string> data_digest(const DatasetRequest& request);

}  // namespace assay
