// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval/eval_source.h"
#include "metrics/extractors/extractor.h"

namespace assay {

struct ExtractionOptions {
  bool quiet = false;
  bool keep = false;  ///< in <cache>/features, to be found again
};

/// Turns a source's images into features (and logits, and spatial features), showing how far it is.
void extract_features(EvalSource& source, Extractor& extractor, const ExtractionOptions& options);

}  // namespace assay
