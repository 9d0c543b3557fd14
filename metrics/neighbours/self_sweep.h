// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "metrics/neighbours/cloud.h"
#include "metrics/neighbours/pair_sweep.h"

namespace assay {

/// One set against itself: half of its Gram matrix, each tile used for its rows and its columns.
struct SelfStatistics {
  std::vector<double> radii;    ///< [N] squared distance to the k-th nearest other row
  std::vector<double> nearest;  ///< [N] to the nearest other row
  std::vector<double> cubic;    ///< [N] kernel sums over the others
  std::vector<double> gaussian;
};
SelfStatistics sweep_self(const Cloud& cloud, const PairRequest& request);

}  // namespace assay
