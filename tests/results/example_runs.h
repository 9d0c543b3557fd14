// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <string>

#include "core/events.h"
#include "results/database.h"
#include "results/rows.h"

namespace assay::test {

/// An empty folder of its own, removed at the end.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// 64 equal hex digits, in place of a real digest.
std::string hex64(char digit);

/// A run of experiment hex64('a') "vae/fashion_mnist" with a fresh uuid; stores experiment and
/// machine too.
NewRun example_run(Database& database, std::uint64_t seed = 0);

/// Makes a checkpoint file in the run's folder and describes it.
CheckpointSaved example_checkpoint(const Database& database, const std::string& uuid,
                                   std::int64_t images_seen);

/// An SQLite database with a table that is not assay's.
void other_programs_database(const std::filesystem::path& file);

/// A whole complete run: 50 losses, metrics at 0 and 5000, two pictures, throughput, two
/// checkpoints. Returns its number.
std::int64_t complete_run(Database& database, std::uint64_t seed);

}  // namespace assay::test
