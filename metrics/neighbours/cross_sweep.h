// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "metrics/neighbours/cloud.h"
#include "metrics/neighbours/pair_sweep.h"

namespace assay {

/// Two sets against each other: fills in what `out` says of pairs of a generated and a reference
/// row. out holds both sets' radii already, and the sums over pairs of one set where the request
/// asks for a kernel. reference_nearest: [M] squared distance of each reference row to its nearest
/// other.
void sweep_cross(const Cloud& generated, const Cloud& reference, const PairRequest& request,
                 std::vector<double> reference_nearest, PairStatistics& out);

}  // namespace assay
