// SPDX-License-Identifier: Apache-2.0
#include "results/stored_name.h"

#include <gtest/gtest.h>

#include <functional>

#include "core/error.h"
#include "results/example_runs.h"
#include "results/recorder.h"
#include "results/store.h"

namespace assay {
namespace {

using test::TemporaryFolder;

class StoredName : public testing::Test {
 protected:
  TemporaryFolder folder_;
  Database database_ = Database::open_for_writing(folder_ / "a.sqlite");

  static void expect_damage(const std::function<void()>& action, const std::string& name) {
    try {
      action();
      ADD_FAILURE() << "accepted: " << name;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ExitCode::kDamaged) << name;
    }
  }
};

const std::vector<std::string> kHostile = {"",
                                           ".",
                                           "..",
                                           "../x",
                                           "../../../../tmp/x",
                                           "/etc/cron.d/x",
                                           "a/b",
                                           "a\\b",
                                           ".bashrc",
                                           "-rf",
                                           "a b",
                                           "a\nb",
                                           "\x1b[2J",
                                           std::string("a\0b", 3),
                                           std::string(151, 'a')};

TEST_F(StoredName, OfAnArtifactIsItsKindItsPlaceAndItsFormat) {
  EXPECT_EQ(artifact_file_name(database_, {"samples", 600000, "image/png"}), "samples-600000.png");
  EXPECT_EQ(artifact_file_name(database_, {"latent_dimensions", 0, "text/csv"}),
            "latent_dimensions-0.csv");
  EXPECT_EQ(artifact_file_name(database_, {"plot", 1, "image/svg+xml"}), "plot-1.svg+xml");
}

TEST_F(StoredName, ThatIsNotPlainIsDamage) {
  for (const std::string& name : kHostile) {
    expect_damage([&] { artifact_file_name(database_, {name, 0, "image/png"}); }, name);
    // Of a format only what follows the last '/' is used.
    if (name.find('/') != std::string::npos) continue;
    expect_damage([&] { artifact_file_name(database_, {"samples", 0, "image/" + name}); }, name);
  }
}

TEST_F(StoredName, OfACheckpointLeadsNowhereElse) {
  const NewRun run = test::example_run(database_);
  const std::int64_t number = begin_run(database_, run);
  auto insert = database_.prepare(
      "INSERT OR REPLACE INTO checkpoint (run_id, images_seen, file, sha256) VALUES (?, 1, ?, ?)");
  for (const std::string& name : kHostile) {
    insert.bind(number, name, test::hex64('0')).run();
    expect_damage([&] { checkpoints_of(database_, number); }, name);
  }
}

// The two newest checkpoints are kept, so the third one deletes the file that the first row names.
TEST_F(StoredName, OfAnOldCheckpointDeletesNothingElse) {
  const NewRun run = test::example_run(database_);
  const std::int64_t number = begin_run(database_, run);
  const auto bystander = folder_ / "bystander";
  test::example_checkpoint(database_, run.uuid, 1);
  std::filesystem::create_directory(bystander);
  RunRecorder recorder(database_, number);
  for (const std::int64_t at : {1, 2}) {
    recorder.checkpointed(test::example_checkpoint(database_, run.uuid, at));
  }
  database_.execute("UPDATE checkpoint SET file = '../../bystander' WHERE images_seen = 1");
  expect_damage([&] { recorder.checkpointed(test::example_checkpoint(database_, run.uuid, 3)); },
                "../../bystander");
  EXPECT_TRUE(std::filesystem::exists(bystander));
}

}  // namespace
}  // namespace assay
