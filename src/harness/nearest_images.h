// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>

#include "core/events.h"

namespace assay {

/// Of each row of a the `count` rows of b at the smallest ‖a_i − b_j‖², nearest first and of
/// equally near ones the first: [N,count] i64. a, b: u8 [N,…], [M,…] of one shape. Whole numbers
/// below 2^53 in f64, so that the result is exact; b is taken block by block. Throws c10::Error
/// where b has fewer rows than count.
at::Tensor nearest_rows(const at::Tensor& a, const at::Tensor& b, std::int64_t count);

/// "nearest": in each column one of the first eight samples and below it the three training images
/// nearest to it by pixels, so that memorisation can be seen. samples, training: u8 [N,C,H,W].
/// Nothing without samples, or of fewer than three training images.
std::optional<Artifact> nearest_picture(const at::Tensor& samples, const at::Tensor& training);

}  // namespace assay
