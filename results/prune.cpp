// SPDX-License-Identifier: Apache-2.0
#include "results/prune.h"

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <vector>

#include "results/row_digest.h"
#include "results/row_writer.h"

namespace assay {
namespace {

// Of a complete run whose seed is not its experiment's lowest, every picture but the last samples.
constexpr std::string_view kUnshown =
    "FROM artifact WHERE run_id = ?1 AND mime = 'image/png' AND NOT (kind = 'samples' AND "
    "images_seen = (SELECT MAX(images_seen) FROM artifact WHERE run_id = ?1 AND kind = 'samples'))";

std::vector<std::int64_t> runs_of_higher_seeds(const Database& database) {
  auto query = database.prepare(
      "SELECT id FROM run r WHERE status = 'complete' AND seed > (SELECT MIN(seed) FROM run l "
      "WHERE l.experiment_id = r.experiment_id AND l.status = 'complete') ORDER BY id");
  std::vector<std::int64_t> runs;
  while (query.step()) runs.push_back(query.integer(0));
  return runs;
}

Pruned unshown_of(const Database& database, std::int64_t run) {
  auto query = database.prepare(fmt::format("SELECT COUNT(*), TOTAL(LENGTH(bytes)) {}", kUnshown));
  query.bind(run);
  query.step();
  return {query.integer(0), static_cast<std::int64_t>(query.real(1))};
}

void prune(Database& database, std::int64_t run, const Pruned& found) {
  database.prepare(fmt::format("DELETE {}", kUnshown)).bind(run).run();
  auto seen = database.prepare("SELECT images_seen FROM run WHERE id = ?");
  seen.bind(run);
  seen.step();
  insert_rows(database, run,
              EventRow{utc_now(), seen.integer(0), "pruned",
                       fmt::format("{} pictures that reports do not show", found.pictures)});
  database.prepare("UPDATE run SET rows_digest = ?, log_digest = ? WHERE id = ?")
      .bind(digest_of_results(database, run), digest_of_log(database, run), run)
      .run();
  seal_row(database, "run", run);
}

}  // namespace

Pruned prune_pictures(Database& database) {
  Pruned all;
  {
    Transaction transaction(database);
    for (const std::int64_t run : runs_of_higher_seeds(database)) {
      const Pruned found = unshown_of(database, run);
      if (found.pictures == 0) continue;
      prune(database, run, found);
      all.pictures += found.pictures;
      all.bytes += found.bytes;
    }
    transaction.commit();
  }
  if (all.pictures > 0) database.vacuum();
  return all;
}

}  // namespace assay
