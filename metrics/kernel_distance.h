// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <utility>
#include <vector>

#include "metrics/inputs.h"
#include "metrics/metric.h"
#include "metrics/pair_sweep.h"

namespace assay {

/// The unbiased estimate of the squared maximum mean discrepancy over all pairs (Gretton et al.
/// 2012, eq. 3):
///   Σ_{i≠j} k(x_i,x_j)/(n(n−1)) + Σ_{i≠j} k(y_i,y_j)/(m(m−1)) − 2 Σ_{ij} k(x_i,y_j)/(nm).
/// It can be negative. Standard error by the delete-one jackknife over both samples, in closed form
/// from the rows' sums; NaN below three rows a side.
Mean unbiased_mmd(const KernelSums& sums);

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

MetricValue compute_kid(const MetricInputs& inputs);

}  // namespace assay
