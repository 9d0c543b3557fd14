// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "results/database.h"
#include "results/file_lock.h"

namespace assay {

/// `<database>.checkpoints/<uuid>`: where a run keeps its checkpoints, lock and final weights.
/// Throws Error (exit 4) if the uuid is not one, so that no damaged or hostile row leads out of the
/// folder.
std::filesystem::path run_folder(const std::filesystem::path& database, std::string_view uuid);

/// Held by the process that trains a run, for as long as it does; the kernel drops it when the
/// process dies.
class RunLock {
 public:
  /// Throws Error (exit 2) if another process runs this run.
  RunLock(const std::filesystem::path& database, std::string_view uuid);

 private:
  FileLock lock_;
};

/// Held by the process that trains or scores one point (what a definition, data, seed and
/// circumstances make), for as long as it does: of two commands that plan it at once one does it.
class PointLock {
 public:
  /// Nothing if another process holds it. point: any text that names it.
  static std::optional<PointLock> try_lock(const std::filesystem::path& database,
                                           std::string_view point);

 private:
  explicit PointLock(FileLock lock) : lock_(std::move(lock)) {}
  FileLock lock_;
};

/// Whether some process runs this run now.
bool is_running(const std::filesystem::path& database, std::string_view uuid);

/// What a run is called whose process died: readers derive it, mark_abandoned writes it down.
inline constexpr std::string_view kAbandonedReason = "its process ended without a word";

/// Runs with status `running` whose lock is free become `interrupted`. Returns how many.
int mark_abandoned(Database& database);

}  // namespace assay
