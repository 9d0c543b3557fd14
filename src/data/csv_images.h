// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>

#include "data/dataset.h"

namespace assay {

/// What the rows of a CSV file of pictures hold: side × side grey values 0 to `white`, row by row,
/// then the class, 0 to classes − 1.
struct CsvImages {
  std::int64_t side = 0;
  std::int64_t white = 255;  ///< at most 255
  std::int64_t classes = 10;
};

/// Reads such a file, gzipped or not: images [N,1,side,side] u8, values v·255/white rounded to the
/// nearest, and labels [N] i64; no digest. Throws Error naming the file and the line where the
/// number of values is another, or one is no whole number of its range.
DataSplit read_csv_images(const std::filesystem::path& file, const CsvImages& rows);

}  // namespace assay
