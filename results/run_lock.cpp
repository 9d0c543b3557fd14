// SPDX-License-Identifier: Apache-2.0
#include "results/run_lock.h"

#include <fmt/format.h>

#include <chrono>
#include <cstdint>
#include <thread>
#include <utility>
#include <vector>

#include "core/digest.h"
#include "core/error.h"
#include "results/row_writer.h"

namespace assay {
namespace {

FileLock take(const std::filesystem::path& database, std::string_view uuid) {
  const auto file = run_folder(database, uuid) / "lock";
  // A reader that asks who is alive holds the lock shared for an instant.
  for (int attempt = 0; attempt < 40; ++attempt) {
    auto lock = FileLock::try_lock(file, FileLock::Mode::kExclusive);
    if (lock) return std::move(*lock);
    std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  throw Error(fmt::format("{}: run {} is being run by another process; `assay status` shows it",
                          database.string(), uuid));
}

bool is_uuid(std::string_view text) {
  return text.size() == 36 && text.find_first_not_of("0123456789abcdef-") == std::string_view::npos;
}

}  // namespace

std::filesystem::path run_folder(const std::filesystem::path& database, std::string_view uuid) {
  if (!is_uuid(uuid)) {
    throw Error(
        fmt::format("{}: '{}' is not the uuid of a run; the database is damaged, restore a copy",
                    database.string(), uuid),
        ExitCode::kDamaged);
  }
  return checkpoints_folder(database) / uuid;
}

RunLock::RunLock(const std::filesystem::path& database, std::string_view uuid)
    : lock_(take(database, uuid)) {}

std::optional<PointLock> PointLock::try_lock(const std::filesystem::path& database,
                                             std::string_view point) {
  const auto file = checkpoints_folder(database) / "points" / sha256_hex(point);
  auto lock = FileLock::try_lock(file, FileLock::Mode::kExclusive);
  if (!lock) return std::nullopt;
  return PointLock(std::move(*lock));
}

bool is_running(const std::filesystem::path& database, std::string_view uuid) {
  return FileLock::is_held(run_folder(database, uuid) / "lock");
}

int mark_abandoned(Database& database) {
  std::vector<std::pair<std::int64_t, std::string>> candidates;
  auto query = database.prepare("SELECT id, uuid FROM run WHERE status = 'running'");
  while (query.step()) candidates.emplace_back(query.integer(0), query.text(1));
  query.reset();
  int marked = 0;
  for (const auto& [run, uuid] : candidates) {
    const auto lock =
        FileLock::try_lock(run_folder(database.file(), uuid) / "lock", FileLock::Mode::kExclusive);
    if (!lock) continue;
    Transaction transaction(database);
    auto still = database.prepare("SELECT 1 FROM run WHERE id = ? AND status = 'running'");
    still.bind(run);
    if (!still.step()) continue;
    still.reset();
    close_run(database, run, {"interrupted", std::string(kAbandonedReason)});
    transaction.commit();
    ++marked;
  }
  return marked;
}

}  // namespace assay
