// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "results/database.h"

namespace assay {

/// The schema version this program writes (PRAGMA user_version), and a database's own.
std::int64_t schema_version();
/// The first version whose databases say what their metrics mean.
inline constexpr std::int64_t kWithMetricKinds = 3;
/// The first version whose databases hold remarks on runs.
inline constexpr std::int64_t kWithRemarks = 4;
std::int64_t version_of(const Database& database);

/// Throws Error (exit 2) if a newer assay wrote the database.
void refuse_newer(const Database& database);

/// Throws Error (exit 2) if the tables are another program's.
void refuse_foreign(const Database& database);

/// refuse_newer, and throws Error if the file is empty or not assay's. Every older version can be
/// read as it is.
void require_readable(const Database& database);

/// Runs the missing migrations in one transaction, of what refuse_foreign() lets pass. The caller
/// holds the exclusive writers' lock.
void migrate(Database& database);

/// One text per table and index, as an undamaged database of this version has them.
std::vector<std::string> schema_objects(const Database& database);
std::vector<std::string> expected_schema_objects(std::int64_t version);

}  // namespace assay
