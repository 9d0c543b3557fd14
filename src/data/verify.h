// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace assay {

/// Reads every data file of a folder that it recognises by name (…-idx3-ubyte[.gz],
/// …-idx1-ubyte[.gz], CIFAR-10's *_batch*.bin, .npz, and PNG/JPEG images, also one folder deep) and
/// returns one line for each (one for all images): what it is, how large, its SHA-256, and whether
/// that is a known file's. Throws Error (exit 2) naming the first bad file, or if nothing is there
/// to verify.
std::vector<std::string> verify_folder(const std::filesystem::path& folder);

}  // namespace assay
