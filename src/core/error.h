// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stdexcept>
#include <string>

namespace assay {

/// Process exit codes of the command line (part of its contract).
enum class ExitCode : int {
  kFine = 0,
  kRegression = 1,     ///< gate found a regression, or verify a difference
  kUsage = 2,          ///< usage, definition or input file
  kRunFailed = 3,      ///< a run failed or diverged
  kDamaged = 4,        ///< assay's own stored data are damaged
  kInconclusive = 5,   ///< gate has too few seeds
  kNotComparable = 6,  ///< environment or protocol differ
  kInterrupted = 130,  ///< stopped by a signal, a time limit or something missing; resumable
};

/// What the user can mend: a flag, a file, a definition, a database. The message says where, what,
/// why and what to do next; it is printed as it is, without a stack trace.
class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, ExitCode code = ExitCode::kUsage)
      : std::runtime_error(message), code_(code) {}

  ExitCode code() const { return code_; }

 private:
  ExitCode code_;
};

/// Calls f. Whatever it throws as an Error is of something outside the run that can be brought back
/// (a disk, a data set, weights): the run is interrupted by it, not failed.
template <class F>
auto from_outside(const F& f) {
  try {
    return f();
  } catch (const Error& problem) {
    throw Error(problem.what(), ExitCode::kInterrupted);
  }
}

}  // namespace assay
