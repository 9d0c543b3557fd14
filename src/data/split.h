// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "data/dataset.h"

namespace assay {

/// Identity of a split: SHA-256 over "<dtype>[<sizes>]\n" and the bytes of the images, then the
/// same of the labels ("none\n" if there are none) and of the factors (nothing if there are none).
/// 64 hex digits.
std::string split_digest(const at::Tensor& images, const at::Tensor& labels,
                         const at::Tensor& factors = {});

/// A split with contiguous tensors and its digest filled in.
DataSplit make_split(const at::Tensor& images, const at::Tensor& labels,
                     const at::Tensor& factors = {});

/// Row numbers of a training and a test split.
struct SplitRows {
  std::vector<std::int64_t> train, test;
};

/// Splits rows 90/10 by SHA-256 of their names, so that adding or removing a file moves no other
/// file between the splits. The nearest row moves if one side would be empty. Throws Error naming
/// `label` for fewer than two rows.
SplitRows split_by_name(const std::vector<std::string>& names, const std::string& label);

/// Of each class every `every`-th row is test, counted from the first as 1: with 5 the 5th, 10th, …
/// labels: [N] i64.
SplitRows split_within_classes(const at::Tensor& labels, std::int64_t every);

/// The rows of images (and labels, if defined) as training and test split: each row is in one of
/// them, and those for training ascend. Takes the images for its own: both splits are views of
/// their memory, in which rows are moved, so that a large set is not held twice.
std::pair<DataSplit, DataSplit> apply_split(at::Tensor images, const at::Tensor& labels,
                                            const SplitRows& rows);

}  // namespace assay
