// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/context.h"

namespace assay {

/// `assay verify RUN`: repeats a stored run from the database alone, in memory, and compares every
/// scalar, metric and the state hash. Bit for bit where the run was made on the same kind of
/// machine with the same threads; else each loss's mean over the run and each final metric must
/// agree within kSeriesBand and kMetricBand.
int verify_command(const std::string& run, const CommonOptions& options);

/// Relative bands for another kind of machine: rounding differs there, and training amplifies it.
inline constexpr double kSeriesBand = 0.10;
inline constexpr double kMetricBand = 0.25;

}  // namespace assay
