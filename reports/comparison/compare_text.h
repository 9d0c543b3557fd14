// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/comparison/compare.h"

namespace assay {

std::string p_text(double p);  ///< "0.023", "2e-08"

/// What a decision says, in words: "b is worse than a: +32.9 [+30.1, +35.7] (p = 2e-08, Welch's t,
/// n = 6 each)".
std::string verdict_sentence(const std::string& left, const std::string& right, const Terms& terms,
                             const Decision& decision);
/// That of a pair; where protocols differ, the fields in which they do.
std::string sentence_of(const Comparison& comparison, const ComparedMetric& pair);

/// The columns that an entry has a score in.
std::vector<std::size_t> shown_columns(const Comparison& comparison);

/// A row of the table of all entries: mean ± sd and n under each shown column; empty where not
/// measured.
struct CompareRow {
  std::string label;
  std::vector<std::string> cells;
};
std::vector<CompareRow> compare_rows(const Comparison& comparison);

}  // namespace assay
