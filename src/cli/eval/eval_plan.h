// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <vector>

#include "cli/eval/eval_command.h"
#include "metrics/extractors/extractor.h"
#include "metrics/metric.h"

namespace assay {

/// What `assay eval` is asked, checked before any image is read.
struct EvalPlan {
  std::vector<const Metric*> metrics;  ///< each once
  bool usual = false;                  ///< nothing was asked for: what does not fit is left out
  std::map<std::string, double> options;
  ExtractorOptions extractor;

  /// "fid" and "sfid" are the names of fd and sfd under the Inception-v3 2015-12-05 file alone.
  std::string shown_name(const std::string& metric, bool from_images) const;
  bool inception = false;
  /// Whether any metric is of features, so that images have to go through an extractor.
  bool needs_features() const;
  /// Whether any metric compares two sides, so that there has to be a reference.
  bool needs_reference() const;
  bool reference_given = false;
  /// Whether one was given, and not all metrics are of codes in --generated.
  bool reads_reference() const;
};

/// Throws Error, with the near miss, for an unknown metric, option, peer, extractor or resize rule,
/// an option of a metric that is not asked for, a metric that the peer to follow has not, and a
/// reference that is missing.
EvalPlan plan_evaluation(const EvalCommand& command);

}  // namespace assay
