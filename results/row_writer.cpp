// SPDX-License-Identifier: Apache-2.0
#include "results/row_writer.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <nlohmann/json.hpp>

#include "core/digest.h"
#include "core/utf8.h"
#include "results/row_digest.h"

namespace assay {
namespace {

std::string store_protocol(Database& database, const Protocol& protocol) {
  const std::string fields = protocol_json(protocol);
  const std::string id = sha256_hex(fields);
  auto insert = database.prepare(
      "INSERT INTO protocol (id, fields, version, extractor, extractor_sha256, resize, reference, "
      "reference_digest, "
      "n_real, n_generated, weights, estimator) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) "
      "ON CONFLICT (id) DO NOTHING");
  const auto field = [&](const char* name) -> std::optional<std::string> {
    const auto found = protocol.find(name);
    return found == protocol.end() ? std::nullopt : std::optional(found->second);
  };
  insert
      .bind(id, fields, field("version"), field("extractor"), field("extractor_sha256"),
            field("resize"), field("reference"), field("reference_digest"), field("n_real"),
            field("n_generated"), field("weights"), field("estimator"))
      .run();
  return id;
}

}  // namespace

StoredNumber stored_number(double value) {
  if (std::isnan(value)) return {std::nullopt, "nan"};
  if (std::isinf(value)) return {std::nullopt, value > 0 ? "+inf" : "-inf"};
  return {value, "finite"};
}

double restored_number(const Statement& row, int value_column, int kind_column) {
  const std::string kind = row.text(kind_column);
  if (kind == "finite") return row.real(value_column);
  if (kind == "+inf") return std::numeric_limits<double>::infinity();
  if (kind == "-inf") return -std::numeric_limits<double>::infinity();
  return std::numeric_limits<double>::quiet_NaN();
}

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string protocol_json(const Protocol& protocol) { return json_text(nlohmann::json(protocol)); }

std::string protocol_id(const Protocol& protocol) { return sha256_hex(protocol_json(protocol)); }

void insert_rows(Database& database, std::int64_t run, std::span<const Scalars> scalars) {
  struct Row {
    std::string_view name;
    std::int64_t images_seen;
    double value;
  };
  std::vector<Row> rows;
  for (const Scalars& together : scalars) {
    for (const auto& [name, value] : together.values) {
      rows.push_back({name, together.images_seen, value});
    }
  }
  // In the order of the table's key: a name's rows go to one place of it.
  std::ranges::stable_sort(rows, {}, &Row::name);
  auto insert = database.prepare(
      "INSERT INTO series (run_id, name, images_seen, value, kind) VALUES (?, ?, ?, ?, ?)");
  for (const Row& row : rows) {
    const auto number = stored_number(row.value);
    insert.bind(run, row.name, row.images_seen, number.value, number.kind).run();
  }
}

void insert_rows(Database& database, std::int64_t run, const Evaluation& evaluation) {
  auto insert = database.prepare(
      "INSERT INTO metric (run_id, images_seen, name, protocol_id, value, kind, standard_error) "
      "VALUES (?, ?, ?, ?, ?, ?, ?)");
  for (const auto& metric : evaluation.metrics) {
    const auto number = stored_number(metric.value);
    const auto error = stored_number(metric.standard_error);
    const auto protocol = store_protocol(database, metric.protocol);
    insert
        .bind(run, evaluation.images_seen, metric.name, protocol, number.value, number.kind,
              error.value)
        .run();
  }
}

void insert_rows(Database& database, std::int64_t run, const Artifact& artifact) {
  auto insert = database.prepare(
      "INSERT INTO artifact (run_id, kind, images_seen, mime, bytes) VALUES (?, ?, ?, ?, ?)");
  insert.bind(run, artifact.kind, artifact.images_seen, artifact.mime);
  insert.bind_bytes(4, artifact.bytes);
  insert.run();
}

void insert_rows(Database& database, std::int64_t run, const Throughput& throughput) {
  database
      .prepare(
          "INSERT OR REPLACE INTO throughput (run_id, phase, images_per_second, "
          "images_per_second_mad, n) "
          "VALUES (?, ?, ?, ?, ?)")
      .bind(run, throughput.phase, throughput.images_per_second, throughput.images_per_second_mad,
            throughput.n)
      .run();
}

void insert_rows(Database& database, std::int64_t run, const EventRow& event) {
  database.prepare("INSERT INTO event (run_id, at, images_seen, kind, text) VALUES (?, ?, ?, ?, ?)")
      .bind(run, event.at, event.images_seen, event.kind, event.text)
      .run();
}

void close_run(Database& database, std::int64_t run, const RunEnd& end) {
  if (end.status != "complete") {
    auto query = database.prepare("SELECT images_seen FROM run WHERE id = ?");
    query.bind(run);
    const std::int64_t images_seen = query.step() ? query.integer(0) : 0;
    insert_rows(database, run, EventRow{utc_now(), images_seen, end.status, end.reason});
  }
  database
      .prepare(
          "UPDATE run SET status = ?, reason = ?, updated_at = ?, rows_digest = ?, log_digest = ? "
          "WHERE id = ?")
      .bind(end.status, end.reason, utc_now(), digest_of_results(database, run),
            digest_of_log(database, run), run)
      .run();
  seal_row(database, "run", run);
}

}  // namespace assay
