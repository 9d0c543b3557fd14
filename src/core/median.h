// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

namespace assay {

/// The middle one of the values in order, the mean of the middle two of an even number; nothing if
/// there are none.
std::optional<double> median(std::vector<double> values);

/// The larger of the middle two of an even number, so one of the values.
std::optional<double> upper_median(std::vector<double> values);

}  // namespace assay
