// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "metrics/inputs.h"
#include "metrics/neighbours/pair_sweep.h"

namespace assay {

enum class MmdEstimator {
  kBiased,   ///< means over all pairs, a row with itself included; never negative
  kUnbiased  ///< means over pairs of different rows; may be negative
};

/// The squared maximum mean discrepancy of two samples from their kernel sums (Gretton et al. 2012,
/// eq. 3 and 5): mean k(x,x') + mean k(y,y') − 2 mean k(x,y). The standard error is the
/// leave-one-out jackknife's over both samples, in closed form from the rows' sums; where the
/// distributions agree it is too large by up to √2. NaN for the unbiased one below three rows a
/// side. self_kernel: k(x,x), which the biased one needs and which must be the same for every x.
Mean mmd_squared(const KernelSums& sums, MmdEstimator estimator, double self_kernel = 0.0);

}  // namespace assay
