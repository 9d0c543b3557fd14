// SPDX-License-Identifier: Apache-2.0
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>

#include "core/folder.h"
#include "data/npz.h"
#include "results/run_lock.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

TEST_F(ProcessTest, ALinkThatLeadsToItselfIsTheUsersFaultInEveryCommandThatLooks) {
  fs::create_symlink("loop", folder_ / "loop");
  const auto loop = (folder_ / "loop").string();
  EXPECT_EQ(call({"data", "verify", loop}), 2);
  EXPECT_EQ(call({"eval", "--generated", loop, "--reference", loop, "--metrics", "fd"}), 2);
}

TEST_F(ProcessTest, ARunKilledAndResumedHasTheHashOfTheCalmOne) {
  ASSERT_EQ(run("7"), 0);
  const std::string calm = rows().at(0).state_hash;
  fs::remove(db_);
  const pid_t pid = start_run("7");
  wait_for_checkpoint();
  kill(-pid, SIGKILL);
  EXPECT_EQ(wait_for(pid), 128 + SIGKILL);
  wait_until_nobody_runs();
  EXPECT_EQ(rows().at(0).status, "interrupted");
  EXPECT_EQ(call({"resume"}), 0);
  const RunRow row = rows().at(0);
  EXPECT_EQ(row.status, "complete");
  EXPECT_EQ(row.state_hash, calm);
  const auto resumed = resumed_at(Database::open_for_reading(db_), row.number);
  ASSERT_EQ(resumed.size(), 1U);
  EXPECT_GT(resumed[0], 0);
}

TEST_F(ProcessTest, AnInterruptSavesACheckpointAndTheSameCommandGoesOn) {
  const pid_t pid = start_run("3");
  wait_for_checkpoint();
  kill(pid, SIGINT);
  EXPECT_EQ(wait_for(pid), 130);
  EXPECT_EQ(rows().at(0).status, "interrupted");
  EXPECT_EQ(run("3"), 0);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows().at(0).status, "complete");
  EXPECT_FALSE(fs::exists(db_ + "-wal"));
}

TEST_F(ProcessTest, ASecondInterruptEndsAtOnceAndTheRunGoesOnLater) {
  const pid_t pid = start_run("3");
  wait_for_checkpoint();
  kill(pid, SIGINT);
  kill(pid, SIGINT);
  EXPECT_EQ(wait_for(pid), 130);
  wait_until_nobody_runs();
  EXPECT_EQ(call({"resume"}), 0);
  EXPECT_EQ(rows().at(0).status, "complete");
}

TEST_F(ProcessTest, ARunThatCannotGoOnStopsNoOther) {
  for (std::size_t i = 0; i < 4; ++i) {
    const pid_t pid = start_run(std::to_string(i + 1));
    // The one before has checkpoints already.
    for (int tick = 0; i > 0 && rows().size() == i && tick < 400; ++tick) {
      std::this_thread::sleep_for(std::chrono::milliseconds(25));
    }
    wait_for_checkpoint();
    kill(pid, SIGINT);
    ASSERT_EQ(wait_for(pid), 130);
    ASSERT_EQ(rows().size(), i + 1);
  }
  // Of a newer assay, of a damaged database, and without a file that can be read.
  Database::open_for_writing(db_).execute(
      "UPDATE run SET definition = replace(definition, 'family = \"gan\"', 'family = \"newer\"') "
      "WHERE seed = 1; UPDATE checkpoint SET file = '../x' WHERE run_id = 2");
  for (const auto& file : entries_of(run_folder(db_, rows().at(2).uuid))) {
    if (file.extension() != ".safetensors") continue;
    fs::remove(file);
    fs::create_symlink(file.filename(), file);
  }
  EXPECT_EQ(call({"resume"}), 6);
  EXPECT_NE(err().find("run 1 (small):2:10: unknown family 'newer'"), std::string::npos) << err();
  EXPECT_NE(err().find("run 2 cannot be resumed: "), std::string::npos);
  EXPECT_NE(err().find("run 3: its checkpoints are gone or damaged, so that it begins at 0 again"),
            std::string::npos);
  const auto now = rows();
  EXPECT_EQ(now.at(0).status, "interrupted");
  EXPECT_EQ(now.at(1).status, "interrupted");
  EXPECT_EQ(now.at(2).status, "complete");
  EXPECT_EQ(now.at(3).status, "complete");
  // Nothing else is left.
  EXPECT_EQ(call({"resume", "2"}), 4);
}

TEST_F(ProcessTest, SeedsThatTrainAsOneModelAreKilledResumedAndVerifiedEachAsARunOfItsOwn) {
  write_file_atomically(folder_ / "together.toml",
                        "extends = 'small.toml'\n[train]\nseed_batch = 3\n");
  const std::vector<std::string> words = {"run",      (folder_ / "together.toml").string(),
                                          "--seeds",  "0..2",
                                          "--report", (folder_ / "r.html").string()};
  ASSERT_EQ(call(words), 0);
  std::map<std::uint64_t, std::string> calm;
  for (const RunRow& row : rows()) calm[row.seed] = row.state_hash;
  ASSERT_EQ(calm.size(), 3U);
  EXPECT_EQ(call({"verify", "2"}), 0);
  fs::remove(db_);
  const pid_t pid = start(words);
  wait_for_checkpoint();
  kill(-pid, SIGKILL);
  EXPECT_EQ(wait_for(pid), 128 + SIGKILL);
  wait_until_nobody_runs();
  EXPECT_EQ(call({"resume"}), 0);
  ASSERT_EQ(rows().size(), 3U);
  for (const RunRow& row : rows()) {
    EXPECT_EQ(row.status, "complete");
    EXPECT_EQ(row.state_hash, calm.at(row.seed)) << "seed " << row.seed;
    EXPECT_EQ(resumed_at(Database::open_for_reading(db_), row.number).size(), 1U);
  }
}

TEST_F(ProcessTest, FailFastStartsNothingAfterAFailureAndKeepGoingDoes) {
  // Weights that grow by the factor |1 - 1 * 10| = 9 a step: the first run diverges.
  const std::vector<std::string> words = {"run",      (folder_ / "small.toml").string(),
                                          "--set",    "optimizer.name=adamw",
                                          "--set",    "optimizer.learning_rate=1",
                                          "--sweep",  "optimizer.weight_decay=10,0",
                                          "--seeds",  "0",
                                          "--jobs",   "1",
                                          "--report", (folder_ / "r.html").string()};
  auto fail_fast = words;
  fail_fast.push_back("--fail-fast");
  EXPECT_EQ(call(fail_fast), 3);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows().at(0).status, "diverged");
  fs::remove(db_);
  auto keep_going = words;
  keep_going.push_back("--keep-going");
  EXPECT_EQ(call(keep_going), 3);
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows().at(1).status, "complete");
}

TEST_F(ProcessTest, DamageIsFoundAndNamed) {
  ASSERT_EQ(run("1"), 0);
  ASSERT_EQ(call({"doctor"}), 0);
  const fs::path checkpoints = checkpoints_folder(db_);
  int damaged = 0;
  for (const auto& entry : fs::recursive_directory_iterator(checkpoints)) {
    if (entry.path().extension() != ".safetensors") continue;
    std::string bytes = read_file(entry.path());
    bytes.back() = static_cast<char>(bytes.back() ^ 1);
    write_file_atomically(entry.path(), bytes);
    ++damaged;
  }
  ASSERT_GT(damaged, 0);
  EXPECT_EQ(call({"doctor"}), 4);
  EXPECT_EQ(call({"sample", "1", "--count", "2", "--out", (folder_ / "s.npz").string()}), 4);
}

TEST_F(ProcessTest, AFileThatIsNoDatabaseIsAWrongNameAndNoDamage) {
  write_file_atomically(db_, "what I did on Monday, in some detail\n");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"doctor"},
                                                {"list"},
                                                {"show", "1"},
                                                {"prune"},
                                                {"verify", "1"},
                                                {"report"}}) {
    EXPECT_EQ(call(words), 2) << words.front();
    EXPECT_NE(err().find("a.sqlite: is no database; name a database file with --db"),
              std::string::npos)
        << words.front() << ": " << err();
  }
}

// Each with its way out; what was read of a changed file is damage.
TEST_F(ProcessTest, WeightsThatCannotBeUsedAreChangedUnreadableOrNotThere) {
  ASSERT_EQ(run("1"), 0);
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(checkpoints_folder(db_))) {
    if (entry.path().extension() == ".safetensors") files.push_back(entry.path());
  }
  ASSERT_FALSE(files.empty());
  const auto expect = [&](int code, const std::string& what) {
    for (const std::vector<std::string>& words :
         {std::vector<std::string>{"sample", "1", "--count", "2", "--out", path("s.npz")},
          {"verify", "1", "--scores-only"},
          {"export", "1", "--format", "safetensors", "--out", path("exported")}}) {
      EXPECT_EQ(call(words), code) << words.front();
      EXPECT_NE(err().find(what), std::string::npos) << words.front() << ": " << err();
      const std::string way_out = words.front() == "verify" ? "--scores-only out" : "--again)";
      EXPECT_NE(err().find(way_out), std::string::npos) << words.front() << ": " << err();
    }
  };
  for (const auto& file : files) write_file_atomically(file, read_file(file) + " ");
  expect(4, "were changed: their SHA-256 is ");
  for (const auto& file : files) {
    fs::remove(file);
    fs::create_symlink(file, file);
  }
  expect(2, "cannot be read: ");
  for (const auto& file : files) fs::remove(file);
  expect(2, "are not there: ");
}

TEST_F(ProcessTest, WhatIsCompleteIsNotRepeatedButVerified) {
  ASSERT_EQ(run("1"), 0);
  ASSERT_EQ(run("1"), 0);
  EXPECT_EQ(rows().size(), 1U);
  EXPECT_EQ(call({"verify", "1"}), 0);
  EXPECT_EQ(call({"sample", "1", "--count", "20", "--out", (folder_ / "s.npz").string()}), 0);
  EXPECT_EQ(call({"show", "no-such-run"}), 2);
}

TEST_F(ProcessTest, PicturesAreWrittenToAFolder) {
  ASSERT_EQ(run("1"), 0);
  const auto pictures = folder_ / "pictures";
  EXPECT_EQ(call({"show", "1", "--artifacts", pictures.string()}), 0);
  std::size_t written = 0;
  for (const auto& entry : fs::directory_iterator(pictures)) {
    if (entry.path().filename().string().starts_with("state_tensors")) {
      EXPECT_EQ(read_file(entry.path()).substr(0, 14), "tensor,sha256\n");
      continue;
    }
    EXPECT_EQ(entry.path().extension(), ".png");
    EXPECT_EQ(read_file(entry.path()).substr(1, 3), "PNG") << entry.path();
    ++written;
  }
  EXPECT_GE(written, 1U);
}

TEST_F(ProcessTest, PicturesOfADamagedDatabaseAreWrittenNowhere) {
  ASSERT_EQ(run("1"), 0);
  Database::open_for_writing(db_).execute(
      "UPDATE artifact SET kind = '../escaped' WHERE id = (SELECT MAX(id) FROM artifact)");
  const auto pictures = folder_ / "pictures";
  EXPECT_EQ(call({"show", "1", "--artifacts", pictures.string()}), 4);
  EXPECT_FALSE(fs::exists(pictures));
  for (const auto& entry : fs::directory_iterator(folder_)) {
    EXPECT_EQ(entry.path().filename().string().find("escaped"), std::string::npos);
  }
}

TEST_F(ProcessTest, AReportRepeatsTheFileThatWasRun) {
  ASSERT_EQ(run("1"), 0);
  const std::string file = fs::weakly_canonical(folder_ / "small.toml").string();
  EXPECT_NE(read_file(folder_ / "r.html").find("./assay run " + file + " --seeds 1\n"),
            std::string::npos);
}

TEST_F(ProcessTest, LinksInACircleAreNamedWhereverADatabaseIsLookedFor) {
  fs::create_symlink("b.sqlite", folder_ / "a.sqlite");
  fs::create_symlink("a.sqlite", folder_ / "b.sqlite");
  for (const std::vector<std::string>& words : {std::vector<std::string>{"list"},
                                                {"status"},
                                                {"show", "1"},
                                                {"prune"},
                                                {"report"},
                                                {"doctor"}}) {
    EXPECT_EQ(call(words), 2) << words.front();
  }
}

TEST_F(ProcessTest, CodesBesideTheirFactorsAreScoredFromAFile) {
  const auto i = at::arange(240, at::kLong);
  const auto factors = at::stack({i.remainder(4), i.floor_divide(4).remainder(3)}, 1);
  const auto codes = factors.to(at::kFloat);
  const std::string file = (folder_ / "codes.npz").string();
  write_npz(
      file,
      {{"codes", codes}, {"codes_logvar", at::full_like(codes, -20.0F)}, {"factors", factors}});
  ASSERT_EQ(call({"eval", "--generated", file, "--metrics", "mig,mig_sampled,sap", "--json"}), 0);
  const auto json = nlohmann::json::parse(out());
  EXPECT_NEAR(json["metrics"]["mig"]["value"].get<double>(), 1.0, 1e-12);
  EXPECT_NEAR(json["metrics"]["mig_sampled"]["value"].get<double>(), 1.0, 1e-9);
  EXPECT_EQ(call({"eval", "--generated", file, "--metrics", "fd"}), 2);  // no reference
  write_npz(file, {{"codes", codes}, {"factors", factors.to(at::kFloat)}});
  EXPECT_EQ(call({"eval", "--generated", file, "--metrics", "mig"}), 2);
}

TEST_F(ProcessTest, ASuiteEndsWithVerdictsOnItsClaims) {
  // Trained on 5000 points or on 100: the fd of every seed of the one lies far below all of the
  // other.
  const std::string cut = "\n[eval]\ngenerated = 200\nreference_count = 200\nuntrained = false\n";
  write_file_atomically(folder_ / "long.toml",
                        "extends = 'toy2d/ring_gan'\nseeds = [0, 1, 2, 3, 4]"
                        "\n[train]\nimages = 5000" +
                            cut);
  write_file_atomically(folder_ / "short.toml",
                        "extends = 'long.toml'\n[train]\nimages = 100" + cut);
  write_file_atomically(
      folder_ / "tiny.toml",
      "[[member]]\nexperiment = 'long.toml'\n[[member]]\nexperiment = 'short.toml'\n"
      "[[claim]]\ntext = 'training helps'\nleft = 'long.toml'\nright = 'short.toml'\n"
      "metric = 'fd'\ndirection = 'lower'\ntest = 'mann_whitney'\n"
      "[[claim]]\ntext = 'training harms'\nleft = 'long.toml'\nright = 'short.toml'\n"
      "metric = 'fd'\ndirection = 'higher'\ntest = 'wilcoxon'\n");
  const std::string suite = (folder_ / "tiny.toml").string();
  const std::string report = (folder_ / "r.html").string();
  const auto stored = [&] { return verdicts(Database::open_for_reading(db_), "tiny"); };
  // Fewer seeds than the suite's: said, not stored.
  ASSERT_EQ(call({"run", suite, "--seeds", "0", "--report", report}), 0);
  EXPECT_TRUE(stored().empty());
  EXPECT_NE(out().find("has 1 of the 5 seeds"), std::string::npos);
  ASSERT_EQ(call({"run", suite, "--report", report}), 0);
  ASSERT_EQ(stored().size(), 2U);
  EXPECT_EQ(stored()[0].subject, "training helps");
  EXPECT_EQ(stored()[0].outcome, "holds");
  EXPECT_DOUBLE_EQ(*stored()[0].p, 2.0 / 252.0);
  EXPECT_EQ(stored()[0].n_a, 5);
  EXPECT_EQ(stored()[1].n_b, 5);
  EXPECT_LT(*stored()[0].high, 0.0);
  EXPECT_NE(read_file(report).find("training helps"), std::string::npos);
  EXPECT_NE(out().find("training helps"), std::string::npos);
  // The same verdicts on the same runs are not stored twice.
  ASSERT_EQ(call({"run", suite, "--report", report}), 0);
  EXPECT_EQ(stored().size(), 2U);
  EXPECT_EQ(call({"doctor"}), 0);
  // Runs of other code, however new, are not judged with those of this one.
  Database::open_for_writing(db_).execute(
      "UPDATE run SET commit_id = 'elsewhere', code_digest = 'elsewhere', started_at = "
      "'2999-01-01T00:00:00Z' WHERE seed = 3");
  ASSERT_EQ(call({"run", suite, "--report", report}), 0);
  ASSERT_EQ(stored().size(), 4U);
  EXPECT_EQ(stored()[2].n_a, 5);
  EXPECT_EQ(stored()[2].detail.find("elsewhere"), std::string::npos);
}

}  // namespace
}  // namespace assay
