// SPDX-License-Identifier: Apache-2.0
#include "results/row_digest.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <bit>
#include <initializer_list>

#include "core/digest.h"

namespace assay {
namespace {

void add_field(Sha256& digest, std::string_view name, int type, std::string_view bytes) {
  digest.update(fmt::format("{}:{}{}:", name, type, bytes.size())).update(bytes);
}

std::string bits_of(std::uint64_t value) { return fmt::format("{:016x}", value); }

void add_row(Sha256& digest, const Statement& row) {
  for (int c = 0; c < row.columns(); ++c) {
    const auto name = row.column_name(c);
    const int type = row.column_type(c);
    if (type == SQLITE_NULL || name == "digest") continue;
    if (type == SQLITE_INTEGER) {
      add_field(digest, name, type, bits_of(static_cast<std::uint64_t>(row.integer(c))));
    } else if (type == SQLITE_FLOAT) {
      add_field(digest, name, type, bits_of(std::bit_cast<std::uint64_t>(row.real(c))));
    } else {
      add_field(digest, name, type, row.text(c));
    }
  }
  digest.update(std::string_view("\n"));
}

std::string digest_of_queries(const Database& database, std::int64_t run,
                              std::initializer_list<std::string_view> queries) {
  Sha256 digest;
  for (const auto sql : queries) {
    auto query = database.prepare(sql);
    query.bind(run);
    while (query.step()) add_row(digest, query);
    digest.update(std::string_view("\n\n"));
  }
  return digest.hex();
}

}  // namespace

std::string digest_of_row(const Database& database, std::string_view table, std::int64_t rowid) {
  Sha256 digest;
  auto query = database.prepare(fmt::format("SELECT * FROM {} WHERE rowid = ?", table));
  query.bind(rowid);
  while (query.step()) add_row(digest, query);
  return digest.hex();
}

void seal_row(Database& database, std::string_view table, std::int64_t rowid) {
  const std::string digest = digest_of_row(database, table, rowid);
  database.prepare(fmt::format("UPDATE {} SET digest = ? WHERE rowid = ?", table))
      .bind(digest, rowid)
      .run();
}

namespace {

constexpr const char* kSeriesRows =
    "SELECT name, images_seen, value, kind FROM series WHERE run_id = ? ORDER BY name, images_seen";
constexpr const char* kMetricRows =
    "SELECT name, protocol_id, images_seen, value, kind, standard_error FROM metric "
    "WHERE run_id = ? ORDER BY name, protocol_id, images_seen";

}  // namespace

std::string digest_of_numbers(const Database& database, std::int64_t run) {
  return digest_of_queries(database, run, {kSeriesRows, kMetricRows});
}

std::string digest_of_results(const Database& database, std::int64_t run) {
  // Neither run_id nor artifact.id: a merged copy of the run has others.
  return digest_of_queries(database, run,
                           {kSeriesRows, kMetricRows,
                            "SELECT kind, images_seen, mime, bytes FROM artifact WHERE run_id = ? "
                            "ORDER BY kind, images_seen"});
}

std::string digest_of_log(const Database& database, std::int64_t run) {
  return digest_of_queries(
      database, run,
      {"SELECT phase, images_per_second, images_per_second_mad, n FROM throughput WHERE run_id = ? "
       "ORDER BY phase",
       "SELECT at, images_seen, kind, text FROM event WHERE run_id = ? ORDER BY id",
       "SELECT images_seen, file, sha256 FROM checkpoint WHERE run_id = ? ORDER BY images_seen"});
}

}  // namespace assay
