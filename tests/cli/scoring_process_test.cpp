// SPDX-License-Identifier: Apache-2.0
// One training, several scores; and what stands in for a run: through the built program.
#include <ATen/ATen.h>
#include <gtest/gtest.h>

#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "data/png.h"
#include "results/run_lock.h"
#include "tests/cli/process_fixture.h"

namespace assay {
namespace {

// As shortest texts that read back to the same bits: a NaN equals itself.
using Scores = std::map<std::pair<std::string, std::int64_t>, std::string>;

class ScoringTest : public ProcessTest {
 protected:
  int sweep(const std::string& sweep, const std::vector<std::string>& more = {}) const {
    std::vector<std::string> words = {
        "run",     small(), "--seeds",  "1",
        "--sweep", sweep,   "--report", (folder_ / "r.html").string()};
    words.insert(words.end(), more.begin(), more.end());
    return call(words);
  }
  std::string small() const { return (folder_ / "small.toml").string(); }
  Scores scores(std::int64_t run) const {
    Scores found;
    for (const auto& row : metrics_of(Database::open_for_reading(db_), run)) {
      found[{row.name, row.images_seen}] = fmt::format("{}", row.value);
    }
    return found;
  }
  std::size_t curves() const {
    const Database database = Database::open_for_reading(db_);
    std::size_t count = 0;
    for (const RunRow& row : runs(database))
      count += series_of(database, row.number).empty() ? 0 : 1;
    return count;
  }

  fs::path pictures(const std::string& name, int seed) const {
    for (int i = 0; i < 40; ++i) {
      write_file_atomically(folder_ / name / fmt::format("{:02}.png", i),
                            encode_png(at::full({1, 8, 8}, (seed * 40 + i * 5) % 256, at::kByte)));
    }
    return folder_ / name;
  }
  std::string of_pictures(const std::string& file, const std::string& path, int images) const {
    write_file_atomically(
        folder_ / file,
        fmt::format("extends = 'vae/fashion_mnist_mlp'\n[dataset]\nname = 'image_folder'\npath = "
                    "'{}'\n[model]\nhidden_widths = [8]\nlatent_dim = 2\n[train]\nbatch_size = "
                    "8\nimages = {}\nlog_every_images = 80\ncheckpoint_every_images = 400\n[eval]\n"
                    "metrics = ['elbo']\nreference_split = 'train'\nevery_images = 0\n",
                    path, images));
    return (folder_ / file).string();
  }
  int run_file(const std::string& file) const {
    return call({"run", file, "--seeds", "0", "--report", (folder_ / "r.html").string()});
  }
};

TEST_F(ScoringTest, PointsThatOnlyScoreTrainOnceAndGiveTheScoresOfRunsOfTheirOwn) {
  ASSERT_EQ(sweep("eval.neighbours=3,4,5"), 0);
  ASSERT_EQ(rows().size(), 3U);
  EXPECT_EQ(curves(), 1U);
  std::map<std::string, Scores> of;
  std::string trained;
  for (const RunRow& row : rows()) {
    EXPECT_EQ(row.status, "complete");
    EXPECT_EQ(row.images_seen, 60000);
    of[row.overrides] = scores(row.number);
    if (!row.parent_uuid) trained = row.uuid;
  }
  for (const RunRow& row : rows()) {
    EXPECT_EQ(row.parent_uuid.value_or(trained), trained);
  }
  EXPECT_EQ(call({"verify", "2"}), 0);
  EXPECT_EQ(call({"verify", "3", "--scores-only"}), 0);
  fs::remove(db_);
  ASSERT_EQ(sweep("eval.neighbours=5"), 0);
  EXPECT_EQ(scores(1), of.at("--set eval.neighbours=5"));
}

TEST_F(ScoringTest, ALaterCommandScoresWhatAnEarlierOneTrained) {
  ASSERT_EQ(run("1"), 0);
  ASSERT_EQ(sweep("eval.generated=300"), 0);
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(rows()[1].parent_uuid, rows()[0].uuid);
  EXPECT_EQ(rows()[1].state_hash, rows()[0].state_hash);
  EXPECT_EQ(rows()[1].weights_sha256.value().size(), 64U);
  EXPECT_EQ(call({"sample", "2", "--count", "5", "--out", (folder_ / "s.npz").string()}), 0);
}

std::map<std::string, std::string> printed_scores(const std::string& json) {
  std::map<std::string, std::string> values;
  const auto metrics = nlohmann::json::parse(json).at("metrics");
  for (const auto& [name, score] : metrics.items()) {
    values[name] = fmt::format("{}", score["value"].get<double>());
  }
  return values;
}

TEST_F(ScoringTest, SamplersOfOneTrainingAreScoredByOneAndPrintedWithoutStoring) {
  write_file_atomically(folder_ / "small.toml", R"(family = "ddpm"
dataset.name = "generated_images"
dataset.size = 8
dataset.count = 64
train.batch_size = 16
train.images = 160
train.log_every_images = 160
train.checkpoint_every_images = 160
model.base_channels = 8
model.multipliers = [1, 2]
model.groups = 4
objective.timesteps = 30
sampler.steps = 2
eval.metrics = ["fd", "precision"]
eval.extractor = "pixels"
eval.generated = 40
eval.reference_count = 40
eval.every_images = 0
eval.untrained = false
)");
  ASSERT_EQ(sweep("sampler.steps=2,5"), 0) << err();
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(curves(), 1U);
  for (const RunRow& row : rows()) {
    const std::string steps = row.overrides.empty() ? "sampler.steps=2" : row.overrides.substr(6);
    ASSERT_EQ(call({"eval", "--generated", "1", "--json", "--set", steps}), 0) << err();
    std::map<std::string, std::string> stored;
    for (const auto& [at, value] : scores(row.number)) stored[at.first] = value;
    EXPECT_EQ(printed_scores(out()), stored) << steps;
  }
  EXPECT_NE(scores(1), scores(2));
  EXPECT_EQ(rows().size(), 2U);
  EXPECT_EQ(call({"eval", "--generated", "1", "--k", "5"}), 2);
  EXPECT_EQ(call({"sample", "1", "--set", "sampler.variance=small"}), 2) << "no effect on ddim";
  EXPECT_EQ(call({"sample", "1", "--seed", "-1"}), 2);
}

// What scores a run draws its own latents again, unless another seed is asked for, and sees what a
// frame holds, as the run's own scores do.
TEST_F(ScoringTest, EvalOfARunPrintsWhatAScoringRunStores) {
  const fs::path data = pictures("pictures", 1);
  const std::string file = of_pictures("a.toml", data.string(), 800);
  ASSERT_EQ(call({"run", file, "--seeds", "3", "--report", (folder_ / "r.html").string(), "--set",
                  "eval.metrics=['vendi']", "--set", "eval.extractor=pixels", "--set",
                  "eval.generated=50", "--set", "dataset.padding=2"}),
            0)
      << err();
  std::vector<std::string> words = {"eval",        "--generated", "1",     "--reference",
                                    data.string(), "--metrics",   "vendi", "--json",
                                    "--extractor", "pixels"};
  ASSERT_EQ(call(words), 0) << err();
  const auto vendi = [&] {
    return nlohmann::json::parse(out())["metrics"]["vendi"]["value"].get<double>();
  };
  EXPECT_EQ(fmt::format("{}", vendi()), scores(1).at({"vendi", 800}));
  words.insert(words.end(), {"--seed", "3"});
  ASSERT_EQ(call(words), 0) << err();
  EXPECT_NE(fmt::format("{}", vendi()), scores(1).at({"vendi", 800}));
}

TEST_F(ScoringTest, APointThatIsScoredDuringTrainingTrainsAndTheOthersScoreItsWeights) {
  ASSERT_EQ(sweep("eval.every_images=0,30000"), 0);
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_EQ(curves(), 1U);
  for (const RunRow& row : rows()) {
    const bool during = row.overrides.ends_with("30000");
    EXPECT_EQ(row.parent_uuid.has_value(), !during);
    EXPECT_EQ(scores(row.number).contains({"fd", 30000}), during);
  }
}

TEST_F(ScoringTest, WithoutTheWeightsALaterPointTrainsAndSaysSo) {
  ASSERT_EQ(run("1"), 0);
  fs::remove_all(run_folder(db_, rows().at(0).uuid));
  ASSERT_EQ(sweep("eval.generated=300"), 0);
  EXPECT_EQ(curves(), 2U);
  EXPECT_NE(err().find("gone"), std::string::npos) << err();
}

TEST_F(ScoringTest, WhatScoresAFailedTrainingIsNotBegun) {
  // Weights grow by the factor |1 - 1 * 10| = 9 a step, and past all numbers in about forty.
  EXPECT_EQ(sweep("eval.neighbours=3,4",
                  {"--set", "optimizer.name=adamw", "--set", "optimizer.weight_decay=10", "--set",
                   "optimizer.learning_rate=1"}),
            3);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_NE(err().find("not begun"), std::string::npos) << err();
}

TEST_F(ScoringTest, OnePointNamedTwiceRunsOnce) {
  ASSERT_EQ(sweep("optimizer.learning_rate=1e-3,0.001"), 0);
  EXPECT_EQ(rows().size(), 1U);
  ASSERT_EQ(
      call({"run", small(), small(), "--seeds", "2,2", "--report", (folder_ / "r.html").string()}),
      0);
  EXPECT_EQ(rows().size(), 2U);
}

TEST_F(ScoringTest, OneThreadAndTwoAreTwoRuns) {
  ASSERT_EQ(run("1"), 0);
  ASSERT_EQ(sweep("eval.neighbours=3", {"--threads", "2"}), 0);
  EXPECT_EQ(rows().size(), 2U);
  EXPECT_EQ(curves(), 2U);
}

TEST_F(ScoringTest, DataAreTheirContent) {
  const fs::path data = pictures("pictures", 1);
  const std::string file = of_pictures("a.toml", data.string(), 800);
  ASSERT_EQ(run_file(file), 0) << err();
  // Written anew with the same content, and the same pictures elsewhere: nothing to do.
  pictures("pictures", 1);
  fs::copy(data, folder_ / "copy", fs::copy_options::recursive);
  ASSERT_EQ(run_file(file), 0);
  ASSERT_EQ(run_file(of_pictures("b.toml", "copy", 800)), 0) << err();
  EXPECT_EQ(rows().size(), 1U);
  pictures("pictures", 2);
  ASSERT_EQ(run_file(file), 0);
  ASSERT_EQ(rows().size(), 2U);
  EXPECT_NE(rows()[0].data_digest, rows()[1].data_digest);
  EXPECT_NE(rows()[0].state_hash, rows()[1].state_hash);
  // Each run shows its own text, not that of the first one of its id.
  ASSERT_EQ(run_file(of_pictures("c.toml", pictures("others", 3).string(), 800)), 0) << err();
  ASSERT_EQ(rows()[2].experiment_id, rows()[0].experiment_id);
  for (const auto& [run, path] : {std::pair{"1", "pictures"}, std::pair{"3", "others"}}) {
    EXPECT_EQ(call({"show", run, "--json"}), 0);
    const std::string shown = out();
    const auto known = nlohmann::json::parse(shown);
    const RunRow row = find_run(Database::open_for_reading(db_), run);
    EXPECT_EQ(known["data_digest"], row.data_digest.value());
    EXPECT_EQ(known["training_id"], row.training_id.value());
    EXPECT_NE(shown.find((folder_ / path).string()), std::string::npos) << run;
  }
  // The first run's data are now at another place.
  EXPECT_EQ(call({"verify", "1"}), 2);
  EXPECT_NE(err().find("the data changed"), std::string::npos) << err();
  EXPECT_EQ(call({"verify", "1", "--data", (folder_ / "copy").string()}), 0) << err();
}

TEST_F(ScoringTest, ARunIsNotResumedOnOtherDataAndStaysInterrupted) {
  const fs::path data = pictures("pictures", 1);
  const std::string file = of_pictures("a.toml", data.string(), 4000000);
  const pid_t pid = start({"run", file, "--report", (folder_ / "r.html").string(), "--seeds", "0"});
  wait_for_checkpoint();
  kill(-pid, SIGKILL);
  wait_for(pid);
  wait_until_nobody_runs();
  fs::rename(data, folder_ / "moved");
  EXPECT_EQ(call({"resume"}), 130);
  EXPECT_EQ(rows().at(0).status, "interrupted");
  EXPECT_NE(err().find("--data DIR"), std::string::npos) << err();
  pictures("pictures", 2);
  EXPECT_EQ(call({"resume"}), 2);
  EXPECT_EQ(rows().at(0).status, "interrupted");
  EXPECT_NE(err().find("pictures"), std::string::npos) << err();
  EXPECT_EQ(call({"resume", "--data", (folder_ / "moved").string(), "--max-minutes", "0.05"}), 130);
  EXPECT_EQ(resumed_at(Database::open_for_reading(db_), 1).size(), 1U);
}

TEST_F(ScoringTest, AScoreOfAnotherProtocolIsSaidToBeOfAnother) {
  ASSERT_EQ(run("1"), 0);
  const auto change = [&](const std::string& sql) { Database::open_for_writing(db_).execute(sql); };
  change("UPDATE protocol SET fields = json_set(fields, '$.weights', 'other')");
  EXPECT_EQ(call({"verify", "1"}), 0) << out();
  EXPECT_NE(out().find(" changed since: weights: other then, "), std::string::npos) << out();
  change("UPDATE metric SET value = value + 1 WHERE name = (SELECT MIN(name) FROM metric)");
  EXPECT_EQ(call({"verify", "1"}), 1);
  EXPECT_NE(out().find(": its protocol changed (weights: other then, "), std::string::npos)
      << out();
}

TEST_F(ScoringTest, ARunThatEndsElsewhereIsSaidToDifferInItsTensors) {
  ASSERT_EQ(run("1"), 0);
  const auto change = [&](const std::string& sql) { Database::open_for_writing(db_).execute(sql); };
  change("UPDATE run SET state_hash = replace(state_hash, substr(state_hash, 1, 1), 'x')");
  change(
      "UPDATE artifact SET bytes = CAST(replace(CAST(bytes AS TEXT), 'discriminator.', 'other.') "
      "AS BLOB) WHERE kind = 'state_tensors'");
  EXPECT_EQ(call({"verify", "1"}), 1);
  EXPECT_NE(out().find(" tensors of the final state differ, first discriminator."),
            std::string::npos)
      << out();
}

// A database of schema 1 (tests/results/schema_1) that is brought up to date by going on with it.
TEST_F(ScoringTest, ARunOfAnOlderAssayIsResumed) {
  const fs::path kept = ASSAY_SOURCE_DIR "/tests/results/schema_1";
  fs::copy(kept / "v1.sqlite", db_);
  fs::copy(kept / "v1.sqlite.checkpoints", db_ + ".checkpoints", fs::copy_options::recursive);
  EXPECT_EQ(call({"show", "1"}), 0);
  ASSERT_EQ(call({"resume"}), 0) << err();
  const RunRow row = rows().at(1);
  EXPECT_EQ(row.status, "complete");
  EXPECT_EQ(resumed_at(Database::open_for_reading(db_), 2), std::vector<std::int64_t>{478500});
  EXPECT_EQ(call({"doctor"}), 0);
}

// Since it was made the family logs more, which changes nothing of what it logged.
TEST_F(ScoringTest, ARunOfAnOlderAssayIsVerified) {
  const fs::path kept = ASSAY_SOURCE_DIR "/tests/results/schema_1";
  fs::copy(kept / "v1.sqlite", db_);
  // 1 where the machine is of the same kind and computes other bits than the one it was made on.
  const int code = call({"verify", "1"});
  EXPECT_TRUE(code == 0 || code == 1) << err();
  EXPECT_NE(out().find("logged since, and not compared: generator_gradient_norm"),
            std::string::npos)
      << out();
  EXPECT_EQ(out().find("not stored"), std::string::npos) << out();
}

// It is known by its content, wherever the definition now says that it lies.
TEST_F(ScoringTest, ARunGoesOnWithDataThatMovedWithItsDefinition) {
  const fs::path data = pictures("pictures", 1);
  const pid_t pid = start({"run", of_pictures("a.toml", data.string(), 4000000), "--report",
                           path("r.html"), "--seeds", "0"});
  wait_for_checkpoint();
  kill(-pid, SIGKILL);
  wait_for(pid);
  wait_until_nobody_runs();
  fs::rename(data, folder_ / "elsewhere");
  const std::string moved = of_pictures("a.toml", path("elsewhere"), 4000000);
  EXPECT_EQ(
      call({"run", moved, "--report", path("r.html"), "--seeds", "0", "--max-minutes", "0.05"}),
      130);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(resumed_at(Database::open_for_reading(db_), 1).size(), 1U) << err();
}

// Every weight is finite, and the samples are not.
TEST_F(ScoringTest, ARunWhoseSamplesAreNotFiniteHasDiverged) {
  EXPECT_EQ(call({"run", "toy2d/ring_ddpm", "--smoke", "--seeds", "1", "--set", "sampler.steps=8",
                  "--set", "optimizer.learning_rate=5", "--report", path("r.html")}),
            3);
  ASSERT_EQ(rows().size(), 1U);
  EXPECT_EQ(rows()[0].status, "diverged") << rows()[0].reason;
}

TEST_F(ScoringTest, CommandsAtOnceTrainAPointOnce) {
  std::vector<pid_t> commands;
  for (int i = 0; i < 3; ++i) commands.push_back(start_run("1"));
  for (const pid_t command : commands) EXPECT_EQ(wait_for(command), 0);
  EXPECT_EQ(rows().size(), 1U);
  ASSERT_EQ(call({"run", small(), "--seeds", "1", "--again", "--report", path("r.html")}), 0);
  EXPECT_EQ(rows().size(), 2U) << "what was done before it was planned does not stand in";
}

}  // namespace
}  // namespace assay
