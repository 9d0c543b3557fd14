// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <vector>

#include "results/rows.h"

namespace assay {

/// The protocols of metrics for a reader, each field said once.
struct ProtocolNotes {
  std::vector<std::string>
      marks;  ///< of each metric: "[2]"; empty where it has no field of its own
  /// Fields that all share, then under each mark those that not all do:
  /// "protocol of all: n_generated=1000 weights=ema\n[1] estimator=unbiased\n". Digests are cut.
  std::string text;
};
ProtocolNotes protocol_notes(std::span<const MetricRow> metrics);

/// The fields that changed: "k: 3 then, 5 now; resize: bicubic then, none now"; empty: none did.
std::string protocol_changes(const Protocol& then, const Protocol& now);

}  // namespace assay
