// SPDX-License-Identifier: Apache-2.0
#include "data/verify.h"

#include <ATen/ATen.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <tuple>

#include "core/digest.h"
#include "core/error.h"
#include "core/folder.h"
#include "core/paths.h"
#include "data/cifar10.h"
#include "data/csv_images.h"
#include "data/idx.h"
#include "data/image_folder.h"
#include "data/mnist.h"
#include "data/npz_dataset.h"
#include "data/orl_faces.h"

namespace assay {
namespace {

namespace fs = std::filesystem;

std::string digest_remark(const fs::path& file) {
  const std::string digest = sha256_of_file(file);
  for (const MnistSet* set : {&kMnist, &kFashionMnist}) {
    for (const auto& known : set->files) {
      if (known.sha256 == digest || known.gz_sha256 == digest) {
        return fmt::format("SHA-256 {} ({}'s {})", digest, set->title, known.name);
      }
    }
  }
  return fmt::format("SHA-256 {}", digest);
}

std::string line(const fs::path& file, const std::string& what) {
  return fmt::format("{}: fine, {}, {}", file.filename().string(), what, digest_remark(file));
}

// Every array is read to its end, those that hold pictures or labels as such.
std::string npz_text(const fs::path& path) {
  const NpzFile file(path);
  for (const auto& name : file.names()) file.check(name);
  std::string text = fmt::format("{} arrays", file.names().size());
  if (const auto images = npz_images(file)) {
    text += fmt::format(", {} images of {}x{}, {}", images->size(0), images->size(3),
                        images->size(2), images->size(1) == 1 ? "grey" : "coloured");
    const auto labels = npz_labels(file, images->size(0));
    if (labels.defined()) {
      text += fmt::format(", {} classes", std::get<0>(at::_unique(labels)).numel());
    }
  }
  return text;
}

// What a file claims to be by its name, read whole; nothing for names that are no data file's.
std::optional<std::string> verify_file(const fs::path& file) {
  const auto name = file.filename().string();
  const auto stem = name.ends_with(".gz") ? name.substr(0, name.size() - 3) : name;
  if (stem.ends_with("-idx3-ubyte") || stem.ends_with(".idx3-ubyte")) {
    const auto images = read_idx(file, IdxKind::kImages);
    return line(file,
                fmt::format("{} images of {}x{}", images.size(0), images.size(3), images.size(2)));
  }
  if (stem.ends_with("-idx1-ubyte") || stem.ends_with(".idx1-ubyte")) {
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
  const auto ending = ending_of(file);
  if (ending == ".npz" || ending == ".npy") return line(file, npz_text(file));
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

// Classes with the number of their images.
std::string classes_text(const ImageListing& listing) {
  constexpr std::size_t kMostNames = 20;
  std::vector<std::size_t> counts(listing.classes.size());
  for (const auto label : listing.labels) ++counts[static_cast<std::size_t>(label)];
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < std::min(kMostNames, counts.size()); ++i) {
    parts.push_back(fmt::format("{} {}", listing.classes[i], counts[i]));
  }
  if (parts.empty()) return "no classes";
  return fmt::format("{} classes ({}{})", counts.size(), fmt::join(parts, ", "),
                     counts.size() > kMostNames ? ", …" : "");
}

std::string passed_over_text(const ImageListing& listing) {
  std::string text;
  for (const auto& [ending, names] : listing.other_formats) {
    text += fmt::format("; {} {} not read", names.size(), ending);
  }
  for (const auto& phrase : passed_over(listing)) text += "; " + phrase;
  return text;
}

// Pictures are decoded one at a time: a folder larger than memory can be verified. What lies beside
// data files need not be pictures.
std::optional<std::string> verify_images(const fs::path& folder, bool has_data_files) {
  if (has_data_files && find_images(folder).names.empty()) return std::nullopt;
  const ImageListing listing = list_images(folder);
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
  const auto most = std::ranges::max_element(
      by_shape, {}, [](const auto& of_shape) { return of_shape.second.size(); });
  const auto& shape = most->first;
  return fmt::format("{} images of {}x{}, {}, {}{}: fine, all decode{}", listing.names.size(),
                     shape[2], shape[1], shape[0] == 1 ? "grey" : "coloured", classes_text(listing),
                     passed_over_text(listing), sizes_text(by_shape));
}

}  // namespace

std::vector<std::string> verify_folder(const fs::path& folder) {
  if (!is_folder(folder)) throw Error(fmt::format("{}: no such folder", folder.string()));
  std::vector<std::string> lines, broken;
  const auto take = [&](const std::function<std::optional<std::string>()>& verify) {
    try {
      if (auto verdict = verify()) lines.push_back(std::move(*verdict));
    } catch (const Error& problem) {
      broken.emplace_back(problem.what());
    }
  };
  for (const auto& file : entries_of(folder)) take([&] { return verify_file(file); });
  const bool has_data_files = !lines.empty() || !broken.empty();
  take([&] { return verify_images(folder, has_data_files); });
  if (!broken.empty()) throw Error(fmt::format("{}", fmt::join(broken, "\n")));
  return lines;
}

std::string verify_one(const fs::path& file) {
  if (const auto verdict = verify_file(file)) return *verdict;
  throw Error(
      fmt::format("{}: no data file by its name; verified are IDX, .npz, .npy, CIFAR-10's "
                  "batches, and folders of pictures",
                  file.string()));
}

}  // namespace assay
