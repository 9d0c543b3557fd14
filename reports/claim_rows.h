// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "reports/judge.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// The verdict as a row of the table `verdict` (kind claim): subject is the claim's text; effect,
/// low and high are its estimate; p is the adjusted one; n_a and n_b are the values of left and
/// right; detail is one JSON object with all the rest, every value with its run's uuid included.
/// `judging` names the judgement of a whole suite, whose rows belong together.
VerdictRow to_row(const ClaimVerdict& verdict, const std::string& suite,
                  const std::string& judging);

/// A verdict that was stored, as its row says it.
struct StoredVerdict {
  std::string suite;
  std::string at;  ///< UTC
  ClaimVerdict verdict;
};

/// The newest judgement of each suite's claims, in the order of the suite. Throws Error (exit 4)
/// for a detail that is not what to_row writes.
std::vector<StoredVerdict> newest_verdicts(std::span<const VerdictRow> rows);

}  // namespace assay
