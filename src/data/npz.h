// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "core/zip.h"

namespace assay {

/// Arrays by name, without their ".npy".
using NpzArrays = std::map<std::string, at::Tensor>;

/// An .npz file (a zip archive of .npy files, stored or deflated), or one .npy file, which counts
/// as an archive of "features" if its numbers are floating-point, of "images" if not. Told apart by
/// what they hold. Arrays are read when they are asked for; of others nothing but the name matters.
class NpzFile {
 public:
  /// Throws Error naming the file if it is none.
  explicit NpzFile(const std::filesystem::path& file);
  /// The same for bytes in memory; `label` stands for the file in errors.
  NpzFile(std::string bytes, std::string label);
  NpzFile(const NpzFile&) = delete;
  NpzFile& operator=(const NpzFile&) = delete;

  const std::string& label() const { return label_; }
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return arrays_.contains(name); }
  /// Throws Error naming the file and the array for damage, a type that is none of numbers, more
  /// than 32 GiB, or a name that is not there or occurs twice.
  at::Tensor read(const std::string& name) const;
  /// Texts of one axis. Throws Error as read().
  std::vector<std::string> read_texts(const std::string& name) const;
  /// Reads past its content, which need not be numbers. Throws Error for damage.
  void check(const std::string& name) const;
  /// A phrase that names the arrays which read() and read_texts() were not asked for so far; none
  /// if there is none.
  std::vector<std::string> passed_over() const;

 private:
  void list_entries();
  const ZipEntry& entry(const std::string& name) const;

  std::string label_, bytes_;
  std::unique_ptr<const ZipReader> zip_;  // null: one .npy file, at npy_
  std::filesystem::path npy_;
  std::map<std::string, std::size_t> arrays_;  // name -> place among the archive's entries
  std::set<std::string> twice_;                // names that occur more than once
  mutable std::set<std::string> asked_;
};

/// Every array of a file.
NpzArrays read_npz(const std::filesystem::path& file);

/// The content of an .npz file; the same arrays give the same bytes.
std::string to_npz(const NpzArrays& arrays, ZipMethod method = ZipMethod::kDeflate);
/// Writes it atomically.
void write_npz(const std::filesystem::path& file, const NpzArrays& arrays,
               ZipMethod method = ZipMethod::kDeflate);

}  // namespace assay
