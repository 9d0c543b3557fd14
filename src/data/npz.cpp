// SPDX-License-Identifier: Apache-2.0
#include "data/npz.h"

#include <ATen/ATen.h>
#include <fmt/format.h>

#include <algorithm>
#include <fstream>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/file.h"
#include "core/folder.h"
#include "data/class_names.h"
#include "data/npy.h"

namespace assay {
namespace {

constexpr std::uint64_t kMaxBytes = std::uint64_t{32} << 30;
constexpr std::string_view kEnding = ".npy";
constexpr std::string_view kNpyStart = "\x93NUMPY";

// The content of a file, of which there is `bytes`.
class PlainFile {
 public:
  explicit PlainFile(const std::filesystem::path& file)
      : file_(file), in_(file, std::ios::binary | std::ios::ate) {
    if (!path_exists(file)) fail("no such file");
    if (!is_file(file)) fail("is no regular file");
    if (!in_) fail("cannot be read");
    bytes = static_cast<std::uint64_t>(in_.tellg());
    in_.seekg(0);
  }
  void read(std::span<char> target) {
    if (!in_.read(target.data(), static_cast<std::streamsize>(target.size()))) fail("is cut short");
  }
  std::uint64_t bytes = 0;

 private:
  [[noreturn]] void fail(const char* why) const {
    throw Error(fmt::format("{}: {}", file_.string(), why));
  }
  std::filesystem::path file_;
  std::ifstream in_;
};

bool is_npy(const std::filesystem::path& file) {
  PlainFile plain(file);
  std::string start(std::min<std::uint64_t>(plain.bytes, kNpyStart.size()), '\0');
  plain.read(start);
  return start == kNpyStart;
}

}  // namespace

NpzFile::NpzFile(const std::filesystem::path& file) : label_(file.string()) {
  if (!is_npy(file)) {
    zip_ = std::make_unique<ZipReader>(file);
    list_entries();
    return;
  }
  PlainFile plain(file);
  const auto header =
      read_npy_header([&](auto target) { plain.read(target); }, plain.bytes, label_);
  npy_ = file;
  arrays_[header.descr.find('f') == std::string::npos ? "images" : "features"] = 0;
}

NpzFile::NpzFile(std::string bytes, std::string label)
    : label_(std::move(label)), bytes_(std::move(bytes)) {
  zip_ = std::make_unique<ZipReader>(bytes_, label_);
  list_entries();
}

void NpzFile::list_entries() {
  for (const auto& entry : zip_->entries()) {
    if (!entry.name.ends_with(kEnding)) continue;
    const auto name = entry.name.substr(0, entry.name.size() - kEnding.size());
    if (!arrays_.emplace(name, entry.index).second) twice_.insert(name);
  }
}

std::vector<std::string> NpzFile::names() const {
  std::vector<std::string> names;
  for (const auto& [name, index] : arrays_) names.push_back(name);
  return names;
}

const ZipEntry& NpzFile::entry(const std::string& name) const {
  const auto found = arrays_.find(name);
  if (found == arrays_.end()) throw Error(fmt::format("{}: holds no '{:.80}'", label_, name));
  if (twice_.contains(name)) {
    throw Error(
        fmt::format("{} ({:.80}): occurs twice; write it again with numpy.savez", label_, name));
  }
  const ZipEntry& entry = zip_->entries()[found->second];
  if (entry.bytes > kMaxBytes) {
    throw Error(fmt::format("{} ({:.80}): needs {} bytes, more than the {} that are read; split it",
                            label_, name, entry.bytes, kMaxBytes));
  }
  return entry;
}

std::vector<std::string> NpzFile::passed_over() const {
  std::vector<std::string> rest;
  for (const auto& [name, index] : arrays_) {
    if (!asked_.contains(name)) rest.push_back(fmt::format("{:.80}", name));
  }
  if (rest.empty()) return {};
  return {fmt::format("{} {} not read", some_of(rest),
                      rest.size() == 1 ? "is an array that was" : "are arrays that were")};
}

at::Tensor NpzFile::read(const std::string& name) const {
  asked_.insert(name);
  if (zip_ == nullptr) {
    PlainFile plain(npy_);
    return read_npy([&](auto target) { plain.read(target); }, plain.bytes, label_);
  }
  const ZipEntry& wanted = entry(name);
  ZipStream stream = zip_->open(wanted);
  const auto array = read_npy([&](auto target) { stream.read(target); }, wanted.bytes,
                              fmt::format("{} ({:.80})", label_, name));
  stream.expect_end();
  return array;
}

std::vector<std::string> NpzFile::read_texts(const std::string& name) const {
  asked_.insert(name);
  const ZipEntry& wanted = entry(name);
  ZipStream stream = zip_->open(wanted);
  auto texts = read_npy_texts([&](auto target) { stream.read(target); }, wanted.bytes,
                              fmt::format("{} ({:.80})", label_, name));
  stream.expect_end();
  return texts;
}

void NpzFile::check(const std::string& name) const {
  if (zip_ == nullptr) {
    read(name);
    return;
  }
  std::uint64_t left = entry(name).bytes;
  ZipStream stream = zip_->open(entry(name));
  std::string block(1 << 20, '\0');
  while (left > 0) {
    const auto part = std::span(block).first(std::min<std::uint64_t>(left, block.size()));
    stream.read(part);
    left -= part.size();
  }
  stream.expect_end();
}

NpzArrays read_npz(const std::filesystem::path& file) {
  const NpzFile npz(file);
  NpzArrays arrays;
  for (const auto& name : npz.names()) arrays.emplace(name, npz.read(name));
  return arrays;
}

std::string to_npz(const NpzArrays& arrays, ZipMethod method) {
  std::vector<std::pair<std::string, std::string>> files;
  for (const auto& [name, array] : arrays) {
    files.emplace_back(name + std::string(kEnding), to_npy(array));
  }
  return write_zip(files, method);
}

void write_npz(const std::filesystem::path& file, const NpzArrays& arrays, ZipMethod method) {
  write_file_atomically(file, to_npz(arrays, method));
}

}  // namespace assay
