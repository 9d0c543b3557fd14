// SPDX-License-Identifier: Apache-2.0
#include "results/prune.h"

#include <gtest/gtest.h>

#include "results/example_runs.h"
#include "results/integrity.h"
#include "results/queries.h"
#include "results/recorder.h"
#include "results/run_queries.h"
#include "results/store.h"

namespace assay {
namespace {

// A complete run with samples at 0 and 100 images, traversals, and a table.
std::int64_t run_with_pictures(Database& database, std::uint64_t seed) {
  const std::int64_t run = begin_run(database, test::example_run(database, seed));
  RunRecorder recorder(database, run);
  const std::string png = std::string("\x89PNG") + std::string(1000, 'x');
  for (const std::int64_t images : {0, 100}) {
    recorder.artifact({"samples", images, "image/png", png});
  }
  recorder.artifact({"traversals", 100, "image/png", png});
  recorder.artifact({"latent_dimensions", 100, "text/csv", "dimension\n"});
  recorder.finished({"complete", "", 100, test::hex64('f')});
  return run;
}

std::vector<std::string> kinds(const Database& database, std::int64_t run) {
  std::vector<std::string> all;
  for (const auto& name : artifacts_of(database, run)) {
    all.push_back(name.kind + " " + std::to_string(name.images_seen));
  }
  return all;
}

using Names = std::vector<std::string>;

TEST(Prune, KeepsWhatReportsShowAndSoundDigests) {
  const test::TemporaryFolder folder;
  const auto file = folder / "a.sqlite";
  {
    auto database = Database::open_for_writing(file);
    const auto lowest = run_with_pictures(database, 3);
    const auto other = run_with_pictures(database, 4);
    const Pruned pruned = prune_pictures(database);
    EXPECT_EQ(pruned.pictures, 2);
    EXPECT_EQ(pruned.bytes, 2 * 1004);
    EXPECT_EQ(kinds(database, lowest),
              (Names{"latent_dimensions 100", "samples 0", "samples 100", "traversals 100"}));
    EXPECT_EQ(kinds(database, other), (Names{"latent_dimensions 100", "samples 100"}));
    EXPECT_EQ(events_of(database, other).back().kind, "pruned");
    EXPECT_EQ(prune_pictures(database).pictures, 0) << "there is nothing left to prune";
  }
  EXPECT_TRUE(check_database(file).empty());
}

TEST(Prune, LeavesInterruptedRunsAlone) {
  const test::TemporaryFolder folder;
  auto database = Database::open_for_writing(folder / "a.sqlite");
  run_with_pictures(database, 3);
  const auto interrupted = begin_run(database, test::example_run(database, 4));
  {
    RunRecorder recorder(database, interrupted);
    recorder.artifact({"traversals", 100, "image/png", "\x89PNG"});
    recorder.finished({"interrupted", "stopped by a signal", 100, ""});
  }
  EXPECT_EQ(prune_pictures(database).pictures, 0);
  EXPECT_EQ(kinds(database, interrupted), Names{"traversals 100"});
}

}  // namespace
}  // namespace assay
