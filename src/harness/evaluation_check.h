// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"
#include "data/dataset.h"

namespace assay {

/// Throws Error for a metric, an option or an extractor of the definition that does not exist, for
/// a metric or an option that is named twice, an option of a metric that is not asked for, and a
/// metric that its family, data set or sizes cannot serve: as far as that is known before any data
/// are read.
void check_evaluation(const Definition& definition);

/// The same with the data at hand: every metric will have the rows, sizes, channels and classes
/// that it needs. For before the first training step.
void check_evaluation(const Definition& definition, const Dataset& dataset);

}  // namespace assay
