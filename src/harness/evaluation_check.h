// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/definition.h"

namespace assay {

/// Throws Error for a metric or an extractor of the definition that does not exist, and for a
/// metric that its family or data set cannot serve: checked before anything runs.
void check_evaluation(const Definition& definition);

}  // namespace assay
