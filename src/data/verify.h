// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace assay {

/// Reads every data file of a folder that it recognises by name (…-idx3-ubyte or …-idx1-ubyte, also
/// with a dot before "idx" and with .gz, CIFAR-10's *_batch*.bin, .npz, .npy, and PNG/JPEG images
/// however deep) and returns one line for each (one for all images): what it is, how large, its
/// SHA-256, and whether that is a known file's. Throws Error (exit 2) naming every bad file, or if
/// nothing is there to verify.
std::vector<std::string> verify_folder(const std::filesystem::path& folder);

/// The line of one data file. Throws Error if it is bad, or none by its name.
std::string verify_one(const std::filesystem::path& file);

}  // namespace assay
