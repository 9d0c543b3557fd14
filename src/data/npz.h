// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/zip.h"
#include "data/dataset.h"

namespace assay {

/// Arrays by name, without their ".npy".
using NpzArrays = std::map<std::string, at::Tensor>;

/// An .npz file (a zip archive of .npy files, stored or deflated), or one .npy file, which counts
/// as an archive of "features" if its numbers are floating-point, of "images" if not. Told apart by
/// what they hold. Arrays are read when they are asked for; of others nothing but the name matters.
class NpzFile {
 public:
  /// Throws Error naming the file if it is none, or holds a name twice.
  explicit NpzFile(const std::filesystem::path& file);
  /// The same for bytes in memory; `label` stands for the file in errors.
  NpzFile(std::string bytes, std::string label);
  NpzFile(const NpzFile&) = delete;
  NpzFile& operator=(const NpzFile&) = delete;

  const std::string& label() const { return label_; }
  std::vector<std::string> names() const;
  bool contains(const std::string& name) const { return arrays_.contains(name); }
  /// Throws Error naming the file and the array for damage, a type that is none of numbers, more
  /// than 32 GiB, or a name that is not there.
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
  mutable std::set<std::string> asked_;
};

/// Every array of a file.
NpzArrays read_npz(const std::filesystem::path& file);

/// The content of an .npz file; the same arrays give the same bytes.
std::string to_npz(const NpzArrays& arrays, ZipMethod method = ZipMethod::kDeflate);
/// Writes it atomically.
void write_npz(const std::filesystem::path& file, const NpzArrays& arrays,
               ZipMethod method = ZipMethod::kDeflate);

/// The images under "images" or "arr_0" (u8 [N,H,W,C] or [N,H,W], C = 1 or 3) as [N,C,H,W] u8, or
/// nothing if neither is there. Throws Error naming the file for another type or shape, and for
/// three axes that may be one picture's: [H,W,1 to 4], [3,H,W] or [4,H,W].
std::optional<at::Tensor> npz_images(const NpzFile& file);
/// [N,C,H,W] u8 -> the array that npz_images reads.
at::Tensor to_npz_images(const at::Tensor& images);
/// The float array [N,D] under `name` ("features", "logits") as stored, or nothing. Throws Error
/// naming the file for another type or shape.
std::optional<at::Tensor> npz_rows(const NpzFile& file, const std::string& name);

/// The classes under "labels", "y" or, beside "arr_0", "arr_1" (whole numbers [rows], from 0) as
/// i64, or an undefined tensor. Throws Error naming the file for another type, shape or negative
/// ones.
at::Tensor npz_labels(const NpzFile& file, std::int64_t rows);

/// What "class_names" (texts) calls the class of each of these labels; empty where it is absent.
/// Throws Error naming the file for another type, or a label that it has no name for.
std::vector<std::string> npz_class_names(const NpzFile& file, const at::Tensor& labels);

/// A data set from an .npz (or .npy) file at request.path: "images" (or "arr_0") with its labels
/// (npz_labels) if present; "test_images" and "test_labels" are its test split, else a tenth of the
/// rows is, by the hash of the row number. Throws Error for a label above 99,999: a model that is
/// told the class has an input for each.
Dataset load_npz(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_npz(const DatasetRequest& request);

}  // namespace assay
