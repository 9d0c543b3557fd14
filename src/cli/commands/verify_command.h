// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "cli/context.h"

namespace assay {

struct VerifyCommand {
  CommonOptions common;
  std::string run;
  bool scores_only = false;    ///< start from the stored weights instead of training
  std::filesystem::path data;  ///< where the data lie now; empty: where they lay
};

/// `assay verify RUN`: repeats a stored run from the database alone, in memory, and compares every
/// scalar, metric and the state hash. Of a run that scores another one's weights the training of
/// that one is repeated first, and then its scores. Bit for bit where the run was made on the same
/// kind of machine with the same threads; else each loss's mean over the run and each final metric
/// must agree within kSeriesBand and kMetricBand.
int verify_command(const VerifyCommand& command);

/// Relative bands for another kind of machine: rounding differs there, and training amplifies it.
inline constexpr double kSeriesBand = 0.10;
inline constexpr double kMetricBand = 0.25;

}  // namespace assay
