// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "reports/gate/gate.h"

namespace assay {

/// One line of the gate's table; all outputs are made of these.
struct GateLine {
  std::string experiment, metric, importance, verdict;
  std::string baseline, now;  ///< "12.34 ± 0.56 (n = 6)"
  std::string sentence;
};
std::vector<GateLine> gate_lines(const GateResult& result);
/// "vae/x: 6 of 6 seeds are equal to the bit", or where the first departs.
std::string bits_text(const GateBits& bits);

/// A page for a step's summary or a comment.
std::string gate_markdown(const GateResult& result);
/// Commands of a GitHub job: an error for what is worse or was not measured, a warning for what is
/// better or inconclusive.
std::string gate_annotations(const GateResult& result);

}  // namespace assay
