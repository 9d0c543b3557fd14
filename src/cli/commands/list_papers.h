// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "cli/context.h"

namespace assay {

/// `assay list --papers`: every published value with its tier and what the database's runs say of
/// it.
int list_papers(const CommonOptions& options);

}  // namespace assay
