// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "results/database.h"
#include "results/run_queries.h"

namespace assay {

/// A name that the database holds, as the name of a file inside a folder of ours. Throws Error
/// (exit 4) unless it is plain: letters, digits and '_', '-', '.', '+', none but the first two and
/// '_' at its beginning, at most 150 of them. So no damaged or hostile row leads anywhere else.
std::string stored_file_name(const Database& database, std::string_view name);

/// "samples-600000.png", "latent_dimensions-600000.csv". Throws as above.
std::string artifact_file_name(const Database& database, const ArtifactName& artifact);

}  // namespace assay
