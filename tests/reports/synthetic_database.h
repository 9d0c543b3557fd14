// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "core/events.h"
#include "results/database.h"

namespace assay::test {

/// Made-up results for tests of reports; nothing here was measured.

/// One complete run with given last and untrained scores.
struct MadeUpRun {
  std::string experiment = "vae/example";
  char id_digit = 'a';  ///< the definition's id is 64 of these
  std::optional<std::string> training_id = {};
  std::optional<std::string> parent_uuid = {};
  std::uint64_t seed = 0;
  std::string uuid = {};  ///< empty: random
  std::vector<MetricValue> untrained = {};
  std::vector<MetricValue> last = {};
  std::int64_t images = 1000;
  std::string status = "complete";
  std::string reason = {};
  std::string note = "a note";
  std::string settings = {};  ///< further lines of the definition
  bool smoke = false;
  std::string overrides = {};
  std::string commit = "0123456789abcdef0123456789abcdef01234567";
  bool dirty = false;
  std::string device = "cpu";
  std::int64_t threads = 1;
  std::string source = {};  ///< what it was begun from
  std::vector<Note> notes = {};
  std::vector<Artifact> artifacts = {};  ///< of its end
  double wall_seconds = 30.0;
  double first_loss = 2.0;  ///< at half of the images; at the end it is 1
  std::string state_hash = std::string(64, 'e');
  std::string cpu = "Example CPU";
  std::string compiler = "g++ 12.2.0";
  std::int64_t peak_memory_bytes = 1 << 20;
};
std::int64_t add_run(Database& database, const MadeUpRun& run);
/// Runs like this one of seeds run.seed, run.seed + 1, …, the complete ones with these last fd.
void add_runs_of_fd(const std::filesystem::path& file, MadeUpRun run, const std::vector<double>& fd,
                    const Protocol& protocol = {{"extractor", "pixels"}});

/// Two experiments with fixed numbers and uuids: everything in their Markdown and CSV is known.
void fill_small(const std::filesystem::path& file);

/// A demo-like database: four experiments, three seeds, curves, pictures, a diverged and an
/// interrupted run.
void fill_large(const std::filesystem::path& file);

}  // namespace assay::test
