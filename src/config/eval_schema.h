// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "config/schema.h"

namespace assay {

/// The keys of [eval], of every experiment.
Schema eval_keys();

}  // namespace assay
