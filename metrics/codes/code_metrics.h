// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "metrics/metric.h"

namespace assay {

/// The part of the registry (metrics()) that is about codes.
std::vector<Metric> code_metrics();

}  // namespace assay
