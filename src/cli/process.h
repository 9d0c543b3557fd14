// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace assay {

struct ProcessResult {
  int exit_code = 0;   ///< 128 + signal if one ended it; 127 if there is no such program
  std::string output;  ///< what it wrote to standard output
};

/// The file of this very program.
std::filesystem::path this_program();

/// Runs a program, found on PATH unless its name holds a slash, and waits for its end. Its standard
/// error is this process's. Throws Error if no process can be started.
ProcessResult run_process(const std::vector<std::string>& words);

}  // namespace assay
