// SPDX-License-Identifier: Apache-2.0
// A run that stands on another one's weights: through the built program.
#include <gtest/gtest.h>
#include <sqlite3.h>

#include "results/run_lock.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

class FirstStageProcessTest : public ProcessTest {
 protected:
  void SetUp() override {
    ProcessTest::SetUp();
    const std::string common =
        "[dataset]\nname = 'generated_images'\nsize = 8\ncount = 64\n[train]\nbatch_size = 16\n"
        "images = 160\nlog_every_images = 80\ncheckpoint_every_images = 80\n[eval]\nextractor = "
        "'pixels'\ngenerated = 40\nreference_count = 40\nevery_images = 0\nuntrained = false\n";
    write_file_atomically(folder_ / "stage.toml",
                          "family = 'vq_vae'\n" + common +
                              "metrics = ['reconstruction_mse']\n[model]\nchannels = 8\n"
                              "residual_channels = 4\nresidual_layers = 1\ncodes = 8\n"
                              "code_dim = 3\n[sampler]\nfit_images = 40\n");
    write_file_atomically(folder_ / "latent.toml",
                          "family = 'diffusion'\n" + common +
                              "metrics = ['fd']\n[model]\nfirst_stage = 'stage.toml'\nlayout = "
                              "'compact'\nbase_channels = 8\nmultipliers = [1]\ngroups = 4\n"
                              "[sampler]\nsteps = 3\n");
  }
  int run_latent(const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {"run", path("latent.toml"), "--seeds",
                                      "1",   "--report",          path("r.html")};
    words.insert(words.end(), more.begin(), more.end());
    return call(words);
  }
  void lose_weights_of(const RunRow& row) const { fs::remove_all(run_folder(db_, row.uuid)); }
  std::size_t checkpoints_of_latent() const {
    try {
      const Database database = Database::open_for_reading(db_);
      const auto all = runs(database);
      return all.size() < 2 ? 0 : checkpoints_of(database, all[1].number).size();
    } catch (const Error&) {
      return 0;  // not there yet
    }
  }
  void execute(const std::string& sql) const {
    sqlite3* connection = nullptr;
    ASSERT_EQ(sqlite3_open(db_.c_str(), &connection), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(connection, sql.c_str(), nullptr, nullptr, nullptr), SQLITE_OK);
    sqlite3_close(connection);
  }
};

TEST_F(FirstStageProcessTest, IsARunOfItsOwnThatIsTrainedOnceAndNamedByTheOther) {
  ASSERT_EQ(run_latent(), 0) << err();
  auto all = rows();
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].experiment, "stage");
  EXPECT_EQ(all[1].experiment, "latent");
  EXPECT_EQ(all[1].first_stage_uuid, all[0].uuid);
  EXPECT_EQ(all[1].first_stage_state, all[0].state_hash);
  EXPECT_EQ(all[0].first_stage_uuid, std::nullopt);
  ASSERT_EQ(run_latent({"--set", "sampler.steps=5"}), 0) << err();
  all = rows();
  ASSERT_EQ(all.size(), 3U) << "scored, on the first stage that was there";
  EXPECT_EQ(all[2].parent_uuid, all[1].uuid);
  EXPECT_EQ(all[2].first_stage_uuid, all[0].uuid);
  ASSERT_EQ(run_latent(), 0) << err();
  EXPECT_EQ(rows().size(), 3U) << "all of it stands in";
  EXPECT_EQ(call({"verify", "2"}), 0) << out() << err();
}

TEST_F(FirstStageProcessTest, OfAnotherSeedOrTextIsAnother) {
  ASSERT_EQ(run_latent(), 0) << err();
  ASSERT_EQ(run_latent({"--set", "first_stage.train.images=80"}), 0) << err();
  const auto all = rows();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2].images_seen, 80);
  EXPECT_EQ(all[2].overrides, "--set train.images=80");
  EXPECT_NE(all[3].experiment_id, all[1].experiment_id);
  EXPECT_EQ(all[3].first_stage_uuid, all[2].uuid);
}

TEST_F(FirstStageProcessTest, WeightsHoldItSoThatSamplesNeedNoOtherFile) {
  ASSERT_EQ(run_latent(), 0) << err();
  ASSERT_EQ(call({"sample", "2", "--count", "5", "--out", path("a.npz")}), 0) << err();
  lose_weights_of(rows()[0]);
  ASSERT_EQ(call({"sample", "2", "--count", "5", "--out", path("b.npz")}), 0) << err();
  EXPECT_EQ(read_file(path("a.npz")), read_file(path("b.npz")));
}

TEST_F(FirstStageProcessTest, AbsentOrChangedItIsRefusedByName) {
  ASSERT_EQ(run_latent(), 0) << err();
  const RunRow first = rows()[0];
  lose_weights_of(first);
  EXPECT_EQ(call({"verify", "2"}), 130);
  EXPECT_NE(err().find("its first stage, run 1 (stage seed 1), has lost its weights"),
            std::string::npos)
      << err();
  execute("UPDATE run SET first_stage_state = 'another' WHERE id = 2");
  EXPECT_EQ(call({"verify", "2"}), 130);
  EXPECT_NE(err().find("its first stage, run 1, changed"), std::string::npos) << err();
  execute("UPDATE run SET first_stage_uuid = '0000' WHERE id = 2");
  EXPECT_EQ(call({"verify", "2"}), 130);
  EXPECT_NE(err().find("its first stage, run 0000, is not in"), std::string::npos) << err();
}

TEST_F(FirstStageProcessTest, IsTrainedAnewWhereItsWeightsAreGoneAndSomebodyNeedsThem) {
  ASSERT_EQ(run_latent(), 0) << err();
  lose_weights_of(rows()[0]);
  ASSERT_EQ(run_latent({"--set", "model.blocks=2"}), 0) << err();
  const auto all = rows();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2].experiment, "stage");
  EXPECT_EQ(all[2].state_hash, all[0].state_hash);
  EXPECT_EQ(all[3].first_stage_uuid, all[2].uuid);
}

TEST_F(FirstStageProcessTest, WhereItOnlyScoresAnothersWeightsThoseAreTrainedOn) {
  const std::vector<std::string> stage = {"run", path("stage.toml"), "--seeds",
                                          "1",   "--report",         path("r.html")};
  auto otherwise = stage;
  otherwise.insert(otherwise.end(), {"--set", "eval.generated=30"});
  ASSERT_EQ(call(otherwise), 0) << err();
  ASSERT_EQ(run_latent(), 0) << err();
  auto all = rows();
  ASSERT_EQ(all.size(), 3U);
  for (const RunRow& row : all) {
    if (row.number == all[0].number) continue;
    // The first stage as it is written, and what stands on the weights that there are.
    EXPECT_EQ(row.experiment == "stage" ? row.parent_uuid : row.first_stage_uuid, all[0].uuid);
    EXPECT_EQ(call({"verify", std::to_string(row.number)}), 0) << out() << err();
  }
}

TEST_F(FirstStageProcessTest, ScoringAsksForItNoMore) {
  ASSERT_EQ(run_latent(), 0) << err();
  lose_weights_of(rows()[0]);
  ASSERT_EQ(run_latent({"--set", "sampler.steps=5", "--set", "eval.untrained=true"}), 0) << err();
  const auto all = rows();
  ASSERT_EQ(all.size(), 3U) << "nothing is trained again";
  EXPECT_EQ(all[2].parent_uuid, all[1].uuid);
  EXPECT_EQ(all[2].first_stage_state, all[1].first_stage_state);
  EXPECT_EQ(call({"verify", "3", "--scores-only"}), 0) << out() << err();
}

TEST_F(FirstStageProcessTest, ARunThatGoesOnHasTheBitsOfOneThatWasNeverStopped) {
  ASSERT_EQ(run_latent(), 0) << err();
  const std::string calm = rows()[1].state_hash;
  fs::remove(db_);
  fs::remove_all(db_ + ".checkpoints");
  const pid_t command =
      start({"run", path("latent.toml"), "--seeds", "1", "--report", path("r.html")});
  for (int i = 0; i < 2000 && checkpoints_of_latent() == 0; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  kill(-command, SIGKILL);
  wait_for(command);
  wait_until_nobody_runs();
  lose_weights_of(rows()[0]);
  ASSERT_EQ(run_latent(), 0) << err();
  ASSERT_EQ(rows().size(), 2U) << "its checkpoint holds the first stage";
  EXPECT_EQ(rows()[1].state_hash, calm);
}

TEST_F(FirstStageProcessTest, OneThatFailsLeavesTheOtherUnbegun) {
  EXPECT_NE(run_latent({"--set", "first_stage.train.batch_size=4096"}), 0);
  const auto all = rows();
  ASSERT_EQ(all.size(), 1U);
  EXPECT_NE(all[0].status, "complete");
}

}  // namespace
}  // namespace assay
