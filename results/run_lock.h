// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

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

/// Whether some process runs this run now.
bool is_running(const std::filesystem::path& database, std::string_view uuid);

/// What a run is called whose process died: readers derive it, mark_abandoned writes it down.
inline constexpr std::string_view kAbandonedReason = "its process ended without a word";

/// Runs with status `running` whose lock is free become `interrupted`. Returns how many.
int mark_abandoned(Database& database);

}  // namespace assay
