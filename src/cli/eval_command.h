// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "cli/context.h"

namespace assay {

struct EvalCommand {
  CommonOptions common;
  std::string generated;  ///< folder, .npz, DATASET:SPLIT or RUN
  std::string reference;
  std::vector<std::string> metrics;  ///< empty: all that the inputs allow
  std::string extractor = "efficientnet-lite0";
  std::int64_t neighbours = 3;
  std::int64_t count = 0;  ///< samples drawn from a RUN; 0: what its definition evaluates
  std::uint64_t seed = 0;  ///< of samples drawn from a RUN
};

/// `assay eval`: metrics on anything.
int eval_command(const EvalCommand& command);

}  // namespace assay
