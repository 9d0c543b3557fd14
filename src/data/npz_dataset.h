// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/dataset.h"
#include "data/npz.h"

namespace assay {

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
