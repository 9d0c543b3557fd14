// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/eval_source.h"
#include "metrics/extractors/extractor.h"

namespace assay {

/// Turns a source's images into features (and logits, and spatial features), showing how far it is.
/// Those of a source that was not drawn from a run are kept in <cache>/features and found again.
void extract_features(EvalSource& source, Extractor& extractor, bool quiet);

}  // namespace assay
