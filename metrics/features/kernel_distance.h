// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "metrics/inputs.h"
#include "metrics/metric.h"
#include "metrics/neighbours/pair_sweep.h"

namespace assay {

/// One draw of row indices for both sides.
using SubsetDraw = std::function<std::pair<at::Tensor, at::Tensor>()>;

/// The kernel distance as peers estimate it: the mean of unbiased estimates on `subsets` subsets of
/// equal size, each with the cubic kernel (x·y/D + 1)³ (Bińkowski et al. 2018). The standard error
/// is that of the mean over subsets, as if they were independent; they overlap, so it is too small.
/// generated [N,D], reference [M,D] f64.
Mean subset_kernel_distance(const at::Tensor& generated, const at::Tensor& reference,
                            std::int64_t subsets, const SubsetDraw& draw);

/// Whether this evaluation's `kid` goes over all pairs.
bool kid_takes_all_pairs(const MetricInputs& inputs);

/// Throws Error for options of subsets where `kid` goes over all pairs, and for no subsets where a
/// peer takes some.
void check_kid_options(const MetricInputs& inputs);

/// The unbiased squared MMD under (x·y/D + 1)³ over all pairs (the default), or on subsets.
MetricValue compute_kid(const MetricInputs& inputs);

}  // namespace assay
