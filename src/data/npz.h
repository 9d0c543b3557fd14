// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/zip.h"
#include "data/dataset.h"

namespace assay {

/// Arrays by name, without their ".npy".
using NpzArrays = std::map<std::string, at::Tensor>;

/// Reads every array of an .npz file (a zip archive of .npy files, stored or deflated) of at most
/// 8 GiB in all. Throws Error naming the file for damage or truncation anywhere.
NpzArrays read_npz(const std::filesystem::path& file);
/// The same for bytes in memory; `label` stands for the file in errors.
NpzArrays from_npz(std::string_view bytes, const std::string& label);

/// The content of an .npz file; the same arrays give the same bytes.
std::string to_npz(const NpzArrays& arrays, ZipMethod method = ZipMethod::kDeflate);
/// Writes it atomically.
void write_npz(const std::filesystem::path& file, const NpzArrays& arrays,
               ZipMethod method = ZipMethod::kDeflate);

/// The images under "images" or "arr_0" (u8 [N,H,W,C] or [N,H,W], C = 1 or 3) as [N,C,H,W] u8, or
/// nothing if neither is there. Throws Error naming `label` for another type or shape.
std::optional<at::Tensor> npz_images(const NpzArrays& arrays, const std::string& label);
/// [N,C,H,W] u8 -> the array that npz_images reads.
at::Tensor to_npz_images(const at::Tensor& images);
/// The float array [N,D] under `name` ("features", "logits") as stored, or nothing. Throws Error
/// naming `label` for another type or shape.
std::optional<at::Tensor> npz_rows(const NpzArrays& arrays, const std::string& name,
                                   const std::string& label);

/// The classes under "labels", "y" or, beside "arr_0", "arr_1" (i64 or u8 [rows], from 0) as i64,
/// or an undefined tensor. Throws Error naming `label` for another type, shape or negative ones.
at::Tensor npz_labels(const NpzArrays& arrays, std::int64_t rows, const std::string& label);

/// A data set from an .npz file at request.path: "images" (or "arr_0") with its labels (npz_labels)
/// if present; "test_images" and "test_labels" are its test split, else a tenth of
/// the rows is, by the hash of the row number.
Dataset load_npz(const DatasetRequest& request);
std::optional<std::filesystem::path> locate_npz(const DatasetRequest& request);

}  // namespace assay
