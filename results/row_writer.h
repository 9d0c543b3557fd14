// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/events.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay {

/// SQLite has no NaN, so a number is stored as value + kind: value is NULL unless kind is "finite".
struct StoredNumber {
  std::optional<double> value;
  std::string_view kind;  ///< finite, nan, +inf, -inf
};
StoredNumber stored_number(double value);
/// The number a value and kind column stand for.
double restored_number(const Statement& row, int value_column, int kind_column);

/// Now as UTC text, "2026-11-23T05:08:38Z". For reading only, never for order.
std::string utc_now();

/// SHA-256 of the canonical JSON of a protocol: its row's id.
std::string protocol_id(const Protocol& protocol);
/// Canonical JSON: one object of texts, keys sorted, no spaces.
std::string protocol_json(const Protocol& protocol);

/// Insert rows of a run; the caller holds a Transaction.
/// In the order of the key of series.
void insert_rows(Database& database, std::int64_t run, std::span<const Scalars> scalars);
void insert_rows(Database& database, std::int64_t run, const Evaluation& evaluation);
void insert_rows(Database& database, std::int64_t run, const Artifact& artifact);
/// Replaces the phase's row.
void insert_rows(Database& database, std::int64_t run, const Throughput& throughput);
void insert_rows(Database& database, std::int64_t run, const EventRow& event);

/// Ends the run's row: status, reason, both digests, seal, and an event when it is not complete.
/// The caller holds a Transaction.
struct RunEnd {
  std::string status;
  std::string reason;
};
void close_run(Database& database, std::int64_t run, const RunEnd& end);

}  // namespace assay
