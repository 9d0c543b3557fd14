// SPDX-License-Identifier: Apache-2.0
#include "results/example_runs.h"

#include <sqlite3.h>

#include <cstdlib>
#include <stdexcept>

#include "core/digest.h"
#include "core/file.h"
#include "core/random.h"
#include "results/recorder.h"
#include "results/run_lock.h"
#include "results/store.h"

namespace assay::test {

TemporaryFolder::TemporaryFolder() {
  std::string pattern = (std::filesystem::temp_directory_path() / "assay-test-XXXXXX").string();
  path_ = ::mkdtemp(pattern.data());
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(path_); }

std::string hex64(char digit) { return std::string(64, digit); }

NewRun example_run(Database& database, std::uint64_t seed) {
  add_experiment(database, {hex64('a'), "vae/fashion_mnist", "vae", "family = \"vae\"\n"});
  MachineRow machine;
  machine.cpu = "Example CPU";
  machine.flags = "avx2 avx512f";
  machine.cores = 2;
  machine.memory_bytes = std::int64_t{8} << 30;
  machine.os = "Debian 12";
  machine.compiler = "g++ 12.2.0";
  machine.libtorch = "2.11.0";
  NewRun run;
  run.uuid = random_uuid();
  run.experiment_id = hex64('a');
  run.seed = seed;
  run.commit_id = "0123456789abcdef0123456789abcdef01234567";
  run.machine_id = add_machine(database, machine);
  run.images_total = 5000;
  run.definition = "family = \"vae\"\n";
  run.training_id = hex64('b');
  run.data_digest = hex64('c');
  run.code_digest = hex64('d');
  return run;
}

CheckpointSaved example_checkpoint(const Database& database, const std::string& uuid,
                                   std::int64_t images_seen) {
  const auto file =
      run_folder(database.file(), uuid) / ("checkpoint-" + std::to_string(images_seen) + ".bin");
  const std::string content = "state at " + std::to_string(images_seen);
  write_file_atomically(file, content);
  return {images_seen, file, sha256_hex(content)};
}

void other_programs_database(const std::filesystem::path& file) {
  sqlite3* connection = nullptr;
  const bool made = sqlite3_open(file.c_str(), &connection) == SQLITE_OK &&
                    sqlite3_exec(connection, "CREATE TABLE bookmark(address TEXT)", nullptr,
                                 nullptr, nullptr) == SQLITE_OK;
  sqlite3_close(connection);
  if (!made) throw std::runtime_error(file.string() + ": no database could be made");
}

std::int64_t complete_run(Database& database, std::uint64_t seed) {
  const NewRun run = example_run(database, seed);
  const RunLock lock(database.file(), run.uuid);
  const std::int64_t number = begin_run(database, run);
  RunRecorder recorder(database, number);
  const Protocol protocol = {{"extractor", "fmnist-cnn"}, {"n_generated", "1000"}};
  recorder.evaluated({0, {{"fd", 900.0 + static_cast<double>(seed), 1.5, protocol}}});
  recorder.artifact({"samples", 0, "image/png", "\x89PNG untrained"});
  for (std::int64_t i = 1; i <= 50; ++i) {
    recorder.scalars({100 * i, {{"loss", 10.0 / static_cast<double>(i)}, {"kl", 0.5}}});
    if (i % 25 == 0) recorder.checkpointed(example_checkpoint(database, run.uuid, 100 * i));
  }
  recorder.evaluated({5000, {{"fd", 40.0 + static_cast<double>(seed), 0.5, protocol}}});
  recorder.artifact({"samples", 5000, "image/png", std::string("\x89PNG trained\0!", 14)});
  recorder.throughput({"train", 1234.5, 10.25, 20});
  recorder.finished({"complete", "", 5000, hex64('f'), 12.5, 1 << 20});
  return number;
}

}  // namespace assay::test
