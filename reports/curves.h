// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "reports/report.h"

namespace assay {

/// One seed's (images_seen, value) records, in order.
using SeedRecords = std::vector<std::pair<std::int64_t, double>>;

/// Mean and range over seeds at the images_seen that all of them have with a finite value. With
/// more than `most` such points, each seed's neighbouring records are averaged first, at the last
/// images_seen of the group.
SeedCurve curve_over_seeds(const std::string& name, std::span<const SeedRecords> seeds,
                           std::size_t most = 200);

}  // namespace assay
