// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

namespace assay {

/// Reads "metric.key=value" words into MetricInputs::options. Throws Error, with the near miss,
/// for a word of another form, an unknown metric or key, a key that is set twice, and a value that
/// is no number or outside of the option's range.
std::map<std::string, double> parse_metric_options(const std::vector<std::string>& words);

}  // namespace assay
