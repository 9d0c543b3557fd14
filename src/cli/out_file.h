// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "core/error.h"

namespace assay {

/// Throws Error (exit 2), before hours are spent on what it should hold, if nothing can be written
/// under this name: a folder is there, or the place that it names is none or closed to this user.
void check_out_file(const std::filesystem::path& file);

/// Calls `write`, which makes files that the user named. What fails there is no failed run: an
/// Error that says so leaves with exit 2.
template <class F>
void write_out(const F& write) {
  try {
    write();
  } catch (const Error& problem) {
    throw Error(problem.what(),
                problem.code() == ExitCode::kRunFailed ? ExitCode::kUsage : problem.code());
  }
}

}  // namespace assay
