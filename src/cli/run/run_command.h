// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/run/targets.h"
#include "cli/run/worker.h"

namespace assay {

struct RunCommand {
  TargetOptions targets;
  WorkOptions work;
  bool again = false;  ///< repeat what is complete
  std::string report;  ///< file; empty: the default place
};
/// `assay run`. Returns the exit code.
int run_command(const RunCommand& command);

/// `assay resume [RUN…]`.
int resume_command(const std::vector<std::string>& runs, const WorkOptions& work);

}  // namespace assay
