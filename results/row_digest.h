// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "results/database.h"

namespace assay {

/// SHA-256 over column names, types and exact values of a row, without the column `digest`. NULL
/// columns are left out, so that a column added by a later schema does not change the digests of
/// old rows.
std::string digest_of_row(const Database& database, std::string_view table, std::int64_t rowid);

/// Writes digest_of_row into the row's column `digest`. Call after every change of the row, in the
/// same transaction.
void seal_row(Database& database, std::string_view table, std::int64_t rowid);

/// Over the run's series and metric rows alone, which no pruning takes away.
std::string digest_of_numbers(const Database& database, std::int64_t run);

/// Over the run's series, metric and artifact rows, sorted by their keys: equal for two runs that
/// recorded the same.
std::string digest_of_results(const Database& database, std::int64_t run);

/// Over the run's throughput, event and checkpoint rows.
std::string digest_of_log(const Database& database, std::int64_t run);

}  // namespace assay
