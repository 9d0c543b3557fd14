// SPDX-License-Identifier: Apache-2.0
#include "data/verify.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>

#include "core/digest.h"
#include "core/error.h"
#include "data/cifar10.h"
#include "data/csv_images.h"
#include "data/idx.h"
#include "data/image_folder.h"
#include "data/mnist.h"
#include "data/npz.h"
#include "data/orl_faces.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string digest_remark(const fs::path& file) {
  const std::string digest = sha256_of_file(file);
  for (const MnistSet* set : {&kMnist, &kFashionMnist}) {
    for (const auto& known : set->files) {
      if (known.sha256 == digest) {
        return fmt::format("SHA-256 {} ({}'s {})", digest, set->title, known.name);
      }
    }
  }
  return fmt::format("SHA-256 {}", digest);
}

std::string line(const fs::path& file, const std::string& what) {
  return fmt::format("{}: fine, {}, {}", file.filename().string(), what, digest_remark(file));
}

// What a file claims to be by its name, read whole; nothing for names that are no data file's.
std::optional<std::string> verify_file(const fs::path& file) {
  const auto name = file.filename().string();
  const auto stem = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  if (stem.ends_with("-idx3-ubyte")) {
    const auto images = read_idx(file, IdxKind::kImages);
    return line(file,
                fmt::format("{} images of {}x{}", images.size(0), images.size(3), images.size(2)));
  }
  if (stem.ends_with("-idx1-ubyte")) {
    return line(file, fmt::format("{} labels", read_idx(file, IdxKind::kLabels).size(0)));
  }
  if (name.ends_with(".bin") && name.find("_batch") != std::string::npos) {
    return line(file, fmt::format("{} images of CIFAR-10", read_cifar10_file(file).size()));
  }
  if (name == "mnist_5k.csv.gz" || name == "digits.csv.gz") {
    const bool mnist = name == "mnist_5k.csv.gz";
    const CsvImages rows{.side = mnist ? 28 : 8, .white = mnist ? 255 : 16};
    return line(file, fmt::format("{} digits of {}x{}", read_csv_images(file, rows).size(),
                                  rows.side, rows.side));
  }
  std::error_code problem;
  if (name == "s1" && fs::exists(file / "1.pgm", problem)) {
    load_orl_faces({.name = "orl_faces", .path = file.parent_path().string()});
    return fmt::format("s1 … s40: fine, 400 faces, SHA-256 of their digests {} (ORL's)",
                       orl_faces_digest(file.parent_path()));
  }
  if (name.ends_with(".npz")) {
    return line(file, fmt::format("{} arrays", read_npz(file).size()));
  }
  return std::nullopt;
}

// What a data set of one size would have to resize, by name; empty if all images are alike.
std::string sizes_text(
    const std::map<std::vector<std::int64_t>, std::vector<std::string>>& by_shape) {
  constexpr std::size_t kMostNames = 10;
  if (by_shape.size() < 2) return "";
  const auto most = std::ranges::max_element(
      by_shape, {}, [](const auto& of_shape) { return of_shape.second.size(); });
  std::vector<std::string> odd;
  for (const auto& [shape, names] : by_shape) {
    if (shape == most->first) continue;
    for (const auto& name : names)
      odd.push_back(fmt::format("{} ({}x{})", name, shape[2], shape[1]));
  }
  const std::size_t count = odd.size();
  if (count > kMostNames) odd.resize(kMostNames);
  return fmt::format("; most are {}x{}, but not {}{}; dataset.size makes them alike",
                     most->first[2], most->first[1], fmt::join(odd, ", "),
                     count > kMostNames ? fmt::format(" and {} more", count - kMostNames) : "");
}

// Pictures are decoded one at a time: a folder larger than memory can be verified.
std::optional<std::string> verify_images(const fs::path& folder, bool has_data_files) {
  ImageListing listing;
  try {
    listing = list_images(folder);
  } catch (const Error&) {
    // Data files stand on their own; without any, the listing's complaint is the verdict.
    if (has_data_files) return std::nullopt;
    throw;
  }
  std::vector<std::string> broken;
  std::map<std::vector<std::int64_t>, std::vector<std::string>> by_shape;
  for (const auto& name : listing.names) {
    try {
      by_shape[read_image(folder / name).sizes().vec()].push_back(name);
    } catch (const Error& problem) {
      broken.emplace_back(problem.what());
    }
  }
  if (!broken.empty()) {
    throw Error(fmt::format("{} of {} images cannot be read:\n  {}", broken.size(),
                            listing.names.size(), fmt::join(broken, "\n  ")));
  }
  return fmt::format("{} images, {} classes: fine, all decode{}", listing.names.size(),
                     listing.classes.size(), sizes_text(by_shape));
}

}  // namespace

std::vector<std::string> verify_folder(const fs::path& folder) {
  std::error_code problem;
  if (!fs::is_directory(folder, problem)) {
    throw Error(fmt::format("{}: no such folder", folder.string()));
  }
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder, problem)) files.push_back(entry.path());
  if (problem) {
    throw Error(fmt::format("{}: cannot be read: {}", folder.string(), problem.message()));
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> lines;
  for (const auto& file : files) {
    if (auto verdict = verify_file(file)) lines.push_back(std::move(*verdict));
  }
  if (auto verdict = verify_images(folder, !lines.empty())) lines.push_back(std::move(*verdict));
  return lines;
}

}  // namespace assay
